//! What the modules of the npm package share: how a page is told of errors and answers.

mod answer;
pub mod document;
mod fault;
pub mod text;

pub use answer::print;
pub use fault::Fault;
