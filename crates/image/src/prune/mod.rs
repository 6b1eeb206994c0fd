//! What a production tree does not need at run time.
//!
//! The rules err on the side of keeping: licences, whatever a `configSchema` or an entry point names, and
//! templates stay. The user's own workspaces lose source maps at most.

mod class;
mod explain;
mod folders;
mod manifest;
mod plan;
mod rules;
mod schemas;
mod tree;

pub use class::PruneClass;
pub use explain::{Count, ExplainSize, PackageSize};
pub use plan::PrunePlan;
pub use tree::AppTree;
