//! What the modules of the npm package share: how a page is told of errors and answers, and the allocator.

mod answer;
pub mod document;
mod fault;
pub mod text;

pub use answer::print;
pub use fault::Fault;

use rlsf::SmallGlobalTlsf;

/// The allocator. That of the standard library would not be right under this link-time optimization (see the profile `wasm`).
#[global_allocator]
static MEMORY: SmallGlobalTlsf = SmallGlobalTlsf::new();
