//! The oracle against the worked examples of the rules.
