//! What `xtask.toml` adds to the image below the app: Debian packages, and MkDocs for TechDocs.

use monorepo::Monorepo;

use crate::action::Action;
use crate::command_line::run;
use crate::fingerprint::inputs;
use crate::place::{Place, Root};
use crate::runtime_image::ImageProgram;
use crate::step::{Keeps, ManifestForm, Platform, Step, StepId};
use crate::steps::{network_secrets, new_step};

/// Where MkDocs and the Python packages it needs are, in the builder and in the image: a virtual environment
/// works at no other path, and the folder above must be there in every builder.
const TECHDOCS: &str = "/usr/local/lib/techdocs";
/// Folders that may hold Debian's `python3-pip-whl`: pip itself does not stay in the image.
const RUN_PIP: &str = "import glob, runpy, sys; \
    sys.path[:0] = [wheel for folder in ('/usr/share', '/run') for wheel in glob.glob(folder + '/python-wheels/pip-*.whl')]; \
    runpy.run_module('pip', run_name='__main__', alter_sys=True)";
/// Bytecode that holds no times; sources that do not compile are left alone, as pip does.
const COMPILE: &str = "import compileall, py_compile; compileall.compile_dir('/usr/local/lib/techdocs/lib', quiet=2, \
    invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)";
/// Variables that name another Python index.
const INDEX: &[&str] = &["PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"];

/// The Debian packages of the image, when there are any.
pub(crate) fn runtime_packages(repo: &Monorepo) -> Option<Step> {
    let packages = repo.settings.runtime_packages();
    if packages.is_empty() {
        return None;
    }
    let summary = "Debian packages that the backend starts or loads, below all that changes more often";
    let mut step = with_network(repo, StepId::RuntimePackages, summary, Vec::new());
    step.place = Place::ImageRoot { packages };
    Some(step)
}

/// MkDocs in a virtual environment, when it is asked for.
pub(crate) fn techdocs(repo: &Monorepo) -> Option<Step> {
    let packages = repo.settings.techdocs.python_packages();
    if packages.is_empty() {
        return None;
    }
    let python = "/usr/local/lib/techdocs/bin/python3";
    let install = [python, "-c", RUN_PIP, "install", "--no-cache-dir", "--no-compile", "--no-input"];
    let install = install.into_iter().chain(["--disable-pip-version-check", "--progress-bar=off"]).map(str::to_owned);
    let actions = vec![
        run(["python3", "-m", "venv", "--without-pip", TECHDOCS]),
        Action::Run { argv: install.chain(packages).collect(), folder: String::new() },
        run([python, "-W", "ignore", "-c", COMPILE]),
    ];
    let mut step =
        with_network(repo, StepId::TechDocs, "MkDocs, for documentation that the backend generates", actions);
    step.secrets.extend(INDEX.iter().map(|name| (*name).to_owned()).filter(|name| !repo.yarn.variables.contains(name)));
    step.outputs = vec!["bin/mkdocs".to_owned()];
    let packages = vec!["python3-pip-whl".to_owned()];
    step.place = Place::WorkTree { at: TECHDOCS.to_owned(), over: Root::Image, packages };
    Some(step)
}

/// MkDocs as it is in the image.
pub(crate) fn mkdocs() -> ImageProgram {
    let links = vec![("/usr/local/bin/mkdocs".to_owned(), "/usr/local/lib/techdocs/bin/mkdocs".to_owned())];
    ImageProgram { step: StepId::TechDocs, folder: TECHDOCS.to_owned(), links }
}

fn with_network(repo: &Monorepo, id: StepId, summary: &str, actions: Vec<Action>) -> Step {
    let mut step = new_step(id, summary, Vec::new(), inputs(repo, ManifestForm::None, Vec::new(), Vec::new()), actions);
    step.network = true;
    step.secrets = network_secrets(repo);
    // pip would leave what another list of packages brought.
    step.keeps = Keeps::default();
    step.platform = Platform::Target;
    step
}
