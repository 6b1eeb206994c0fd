//! Runs an image as production would, with a temporary database, and checks what it answers.
//!
//! Everything here ends with this process, however that ends: sandboxes by the kernel, containers by a
//! [`Watchdog`]. Start it from the thread that stays to the end: for the kernel, a parent is a thread.

mod answers;
mod container;
mod diagnosis;
mod forward;
mod http;
mod known;
mod page;
mod postgres;
mod postgres_image;
mod program;
mod random;
mod service;
mod supervisor;
mod watchdog;

pub use answers::{Answers, Catalog, READY_LIMIT, catalog_answers, page_answers, wait_until_ready};
pub use container::{Container, Publish, ensure_local};
pub use diagnosis::{Diagnosis, diagnose, startup_failed, unset_variables};
pub use forward::{Endpoint, Forwarder};
pub use http::{Answer, Request, Server, Socket, free_port};
pub use known::Blame;
pub use page::local_base_urls;
pub use postgres::{Postgres, PostgresPrograms};
pub use postgres_image::PostgresContainer;
pub use program::Program;
pub use random::random_identity;
pub use service::{Confinement, Service, start_image};
pub use supervisor::{Addon, Addons, Ended, Supervisor, SupervisorConfig};
pub use watchdog::Watchdog;
