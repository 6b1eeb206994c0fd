//! The files that deployers read: what to write, and what is wrong with what is there. Pure: texts are handed in.

mod build_context;
mod check;
mod ci;
mod flightcontrol;
mod json_text;

pub use build_context::BuildContext;
pub use check::{
    CODES, Deployment, DeploymentFile, Dockerfile, Pin, check_deployment, named_dockerfiles, service_dockerfiles,
};
pub use ci::CiService;
pub use flightcontrol::{FLIGHTCONTROL, Merged, app_config, flightcontrol_json};
