//! The configuration that only a deployment by Flightcontrol loads.

use minijinja::context;
use monorepo::{DatabaseSsl, FLIGHTCONTROL_CONFIG, Monorepo};
use recipe::{Rendered, fill, sign};

use super::quoted;

const TEMPLATE: &str = include_str!("../../../../assets/app-config.production.flightcontrol.yaml");

/// Renders `app-config.production.flightcontrol.yaml`.
///
/// # Errors
/// The template in `assets/` is broken.
pub fn app_config(repo: &Monorepo) -> Result<Rendered, minijinja::Error> {
    let settings = &repo.settings.flightcontrol;
    let text = fill(
        TEMPLATE,
        &context! {
            base_url => settings.base_url.as_ref().map(quoted),
            connection_variable => &settings.connection_variable,
            ca_file => (settings.ssl == DatabaseSsl::Verify).then(|| quoted(format!("./{}", settings.ca_file))),
        },
    )?;
    Ok(Rendered { path: FLIGHTCONTROL_CONFIG.to_owned(), text: sign(&text) })
}
