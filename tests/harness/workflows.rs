//! The shell lines of workflows.

use serde_json::Value;

/// A workflow as data.
pub fn parsed(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The lines of a GitHub workflow's jobs: each step is a shell of its own.
pub fn of_github(workflow: &Value) -> Vec<String> {
    let jobs = workflow["jobs"].as_object().unwrap().values();
    let steps = jobs.flat_map(|job| job["steps"].as_array().unwrap());
    steps.filter_map(|step| step["run"].as_str()).map(str::to_owned).collect()
}

/// Those of GitLab's jobs: one shell for each.
pub fn of_gitlab(workflow: &Value) -> Vec<String> {
    let lines = |job: &Value, name: &str| job[name].as_array().cloned().unwrap_or_default();
    let jobs = workflow.as_object().unwrap().values().filter(|job| job["script"].is_array());
    jobs.map(|job| joined(&[lines(job, "before_script"), lines(job, "script")].concat())).collect()
}

/// Those of a buildspec, in one shell, as `shell: bash` has it.
pub fn of_codebuild(workflow: &Value) -> Vec<String> {
    let phases = ["install", "pre_build", "build", "post_build"].map(|phase| &workflow["phases"][phase]["commands"]);
    let lines: Vec<Value> = phases.iter().filter_map(|commands| commands.as_array()).flatten().cloned().collect();
    vec![joined(&lines)]
}

fn joined(lines: &[Value]) -> String {
    lines.iter().map(|line| format!("{}\n", line.as_str().unwrap().trim_end())).collect()
}
