//! The budget of bytes.

use diagnostics::Finding;

use crate::codes::SIZE;
use crate::verify::context::{Context, FindingText};
use crate::verify::summary::files_of;

/// More bytes than allowed.
pub(crate) fn over(context: &Context<'_>) -> Vec<Finding> {
    let Some(most) = context.budget.max_size else { return Vec::new() };
    let bytes = files_of(context.tree).bytes;
    if bytes <= most {
        return Vec::new();
    }
    let (expected, found) = (format!("at most {most} bytes of files"), format!("{bytes} bytes"));
    let next = "look at the largest packages in the list above, or compare with an earlier image by `--against`";
    vec![context.finding(SIZE, None, FindingText { expected: &expected, found: &found, next })]
}
