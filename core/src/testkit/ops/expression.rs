//! Expressions of the cluster query language, well-formed and malformed.

use alloc::format;
use alloc::string::{String, ToString};

use super::Source;

/// Comparison operators, symbol and word.
const COMPARISONS: &[&str] = &[
    "==",
    "!=",
    ">",
    ">=",
    "<",
    "<=",
    "equals",
    "not_equals",
    "greater_than",
    "greater_than_equal",
    "less_than",
    "less_than_equal",
];

/// Texts that are no expression, each wrong in one way.
const MALFORMED: &[&str] = &[
    "",
    " ",
    "attribute:stack",
    "attribute:stack ==",
    "== prod",
    "foo == bar",
    "attribute:stack in prod",
    "attribute:stack in []",
    "attribute:stack in [prod, test",
    "attribute:stack in [prod,, test]",
    "(attribute:stack == prod",
    "attribute:stack == prod)",
    "()",
    "runningTasksCount == abc",
    "runningTasksCount == 1.5",
    "runningTasksCount in [1]",
    "runningTasksCount exists",
    "agentVersion =~ 1.*",
    "agentVersion == one",
    "agentConnected > true",
    "agentConnected == yes",
    "registeredAt == yesterday",
    "registeredAt < 2018-13-45",
    "registeredAt < 2018-02-30",
    "registeredAt < 2018-02-13T25:00:00",
    "attribute:rack =~ [",
    "attribute:rack =~ '(unclosed'",
    "attribute:rack =~ *",
    "attribute:rack =~ 'a)(b'",
    "attribute:rack =~ '(?=a)b'",
    "attribute:rack =~ 'a++'",
    "attribute:rack =~ (a|b)",
    "attribute:a == 1 attribute:b == 2",
    "attribute: == x",
    "attribute:stack == 'unterminated",
    "attribute:stack == prod AND attribute:rack == 1",
    "attribute:stack == prod and",
    "and attribute:stack == prod",
    "attribute:stack == prod or or attribute:rack == 1",
    "not",
    "!",
    "attribute:stack == and",
    "attribute:stack = prod",
    "attribute:stack ! in [prod]",
    "attribute:stack existsnot",
    "task:group exists",
    "task:group > a",
    "task:family == f0",
    "attribute:stack not in [prod]",
];

impl Source<'_> {
    /// A well-formed expression.
    pub(super) fn expression(&mut self) -> String {
        match self.below(64) {
            0 => format!("{}attribute:stack == prod{}", "(".repeat(100), ")".repeat(100)),
            1 => format!("{}attribute:stack == prod", "not ".repeat(100)),
            2 => {
                let text = "attribute:stack == prod";
                format!("{text}{}", " ".repeat(2000 - text.len()))
            }
            _ => self.branch(0),
        }
    }

    /// A text that is no expression.
    pub(super) fn malformed(&mut self) -> String {
        match self.below(MALFORMED.len() as u64 + 5) {
            0 => format!("{}attribute:stack == prod{}", "(".repeat(101), ")".repeat(101)),
            1 => format!("{}attribute:stack == prod", "! ".repeat(101)),
            2 => {
                let text = "attribute:stack == prod";
                format!("{text}{}", " ".repeat(2001 - text.len()))
            }
            3 => format!("attribute:{} exists", "n".repeat(129)),
            n => MALFORMED[(n as usize).min(MALFORMED.len() + 3) - 4].to_string(),
        }
    }

    /// A part of an expression.
    fn branch(&mut self, depth: u32) -> String {
        if depth > 3 {
            return self.predicate();
        }
        match self.below(12) {
            0 => format!("{} and {}", self.branch(depth + 1), self.branch(depth + 1)),
            1 => format!("{} or {}", self.branch(depth + 1), self.branch(depth + 1)),
            2 => format!("{}&&{}", self.branch(depth + 1), self.branch(depth + 1)),
            3 => format!("{}||{}", self.branch(depth + 1), self.branch(depth + 1)),
            4 => format!("not({})", self.branch(depth + 1)),
            5 => format!("!({} )", self.branch(depth + 1)),
            6 => format!("not {}", self.predicate()),
            7 => format!("( {})", self.branch(depth + 1)),
            _ => self.predicate(),
        }
    }

    /// Subject, operator and argument.
    fn predicate(&mut self) -> String {
        match self.below(12) {
            0 => {
                let number = self.pick(&["0", "1", "2", "3", "5", "-1", "'2'"]);
                format!("runningTasksCount {} {number}", self.pick(COMPARISONS))
            }
            1 => {
                let versions = ["1.9", "1.14.5", "1.14.10", "2.0.0", "1.14.5-x"];
                format!("agentVersion {} {}", self.pick(COMPARISONS), self.pick(&versions))
            }
            2 => {
                let dates = [
                    "2018-02-13",
                    "2018-02-13T00:00:00Z",
                    "2018-02-12T23:00:00",
                    "2018-06-18T22:28:28+00:00",
                    "'2018-02-13T02:00:00+02:00'",
                ];
                format!("registeredAt {} {}", self.pick(COMPARISONS), self.pick(&dates))
            }
            3 => format!("agentConnected {} {}", self.pick(&["==", "!="]), self.pick(&["true", "false", "'true'"])),
            4 => {
                let values = ["i-0", "i-1", "i-9"];
                let (first, second) = (self.pick(&values), self.pick(&values));
                match self.below(4) {
                    0 => format!("ec2InstanceId == {first}"),
                    1 => format!("ec2InstanceId != {first}"),
                    2 => format!("ec2InstanceId !in ['{first}', {second}]"),
                    _ => "ec2InstanceId =~ i-[01]".to_string(),
                }
            }
            5..=6 => {
                let groups = ["g0", "g1", "g2", "service:s0", "family:f0", "nosuch"];
                let (first, second) = (self.pick(&groups), self.pick(&groups));
                match self.below(8) {
                    0 | 1 => format!("task:group == {first}"),
                    2 => format!("task:group != {first}"),
                    3 => format!("task:group in [{first},{second}]"),
                    4 => format!("task:group not_in [ {first} , {second} ]"),
                    5 => "task:group =~ g.*".to_string(),
                    6 => "task:group !~ 'service:.*'".to_string(),
                    _ => format!("not(task:group==\"{first}\")"),
                }
            }
            _ => self.attribute_predicate(),
        }
    }

    /// A predicate about an attribute.
    fn attribute_predicate(&mut self) -> String {
        let names = ["stack", "stack", "rack", "rack", "ecs.availability-zone", "ecs.instance-type", "nosuch"];
        let name = self.pick(&names);
        let values: &[&str] = match name {
            "stack" => &["prod", "test", "''", "PROD"],
            "rack" => &["1", "2", "9", "10.0", "1.50", "x", "'two words'", "\"two words\""],
            "ecs.availability-zone" => &["z-a", "z-b", "z-c"],
            _ => &["t2.micro", "m5.large", "c5.large"],
        };
        let (first, second) = (self.pick(values), self.pick(values));
        let patterns = ["p.*", "[0-9]+", "1|10", "z-[ab]", "t2", "'(t2|m5)\\..*'", "'\\Qm5.\\Elarge'", ".*", "'prod|'"];
        match self.below(16) {
            0..=4 => format!("attribute:{name} {} {first}", self.pick(COMPARISONS)),
            5 => format!("attribute:{name}=={first}"),
            6 => format!("attribute:{name}!={first}"),
            7 => format!("attribute:{name} exists"),
            8 => format!("attribute:{name} {}", self.pick(&["!exists", "not_exists"])),
            9 => format!("attribute:{name} in [{first}, {second}]"),
            10 => format!("attribute:{name} !in [{first}]"),
            11 => format!("attribute:{name} not_in [{first},{second}]"),
            12 => format!("attribute:{name} =~ {}", self.pick(&patterns)),
            13 => format!("attribute:{name} matches {}", self.pick(&patterns)),
            14 => format!("attribute:{name} !~ {}", self.pick(&patterns)),
            _ => format!("attribute:{name} not_matches {}", self.pick(&patterns)),
        }
    }
}
