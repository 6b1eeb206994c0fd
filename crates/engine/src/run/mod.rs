//! Running what was built, as production would, and what that takes for a short while: a database that is
//! thrown away, and a look at whether it answers.
//!
//! Everything here ends with this process, however that ends: sandboxes by the kernel, containers by a
//! [`Watchdog`]. Start it from the thread that stays to the end: for the kernel, a parent is a thread.

mod answers;
mod container;
mod http;
mod image;
mod postgres;
mod program;
mod watchdog;

pub use answers::{Answers, page_answers, wait_until_ready};
pub use container::{Container, Publish, is_local};
pub use http::{Answer, free_port, get};
pub use image::{ImageSettings, Service, start_image};
pub use postgres::{Postgres, PostgresPrograms};
pub use program::Program;
pub use watchdog::Watchdog;
