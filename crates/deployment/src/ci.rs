//! Workflows for CI services, which run this tool.

use recipe::{Rendered, sign};

/// Stands in a template for the branch that is deployed.
const BRANCH: &str = "BRANCH";

/// A CI service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CiService {
    /// GitHub Actions.
    GitHub,
    /// GitLab CI/CD.
    GitLab,
    /// AWS CodeBuild.
    CodeBuild,
}

impl CiService {
    /// Where the service looks for a workflow, relative to the root of the repository.
    pub fn path(self) -> &'static str {
        match self {
            Self::GitHub => ".github/workflows/backstage-image.yml",
            Self::GitLab => ".gitlab-ci.yml",
            Self::CodeBuild => "buildspec.yml",
        }
    }

    /// The workflow; what its branch is called, and where it goes.
    pub fn workflow(self, branch: &str, path: &str) -> Rendered {
        let template = match self {
            Self::GitHub => include_str!("../../../assets/ci/github.yml"),
            Self::GitLab => include_str!("../../../assets/ci/gitlab.yml"),
            Self::CodeBuild => include_str!("../../../assets/ci/codebuild.yml"),
        };
        // In a quoted YAML scalar; JSON's escapes are YAML's.
        let quoted = serde_json::Value::from(branch).to_string();
        Rendered { path: path.to_owned(), text: sign(&template.replace(&format!("\"{BRANCH}\""), &quoted)) }
    }
}
