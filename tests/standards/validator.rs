//! Documents against published schemas, by a validator of the npm registry: one that cannot be fetched fails the
//! tests.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::common::npm::{Package, fetch};
use crate::common::tests_folder;

/// It compares documents with schemas.
const AJV: Package = (
    "ajv",
    "6.12.6",
    "sha512-j3fVLgvTo527anyYyJOGTYJbG+vnnQYvE0m5mmkc1TK+nxAppkCLMIL0aZ4dblVCNoGShhm+kzE4ZUykBoMg4g==",
);

/// What the first schema has against each of the documents; it may refer to the others by the names of their files.
pub(crate) fn complaints(schemas: &[PathBuf], documents: &[Value]) -> Vec<Vec<String>> {
    let mut node = Command::new("node");
    node.arg(tests_folder().join("support/validate.js")).arg(fetch(AJV)).args(schemas);
    let mut child = node.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let lines: String = documents.iter().map(|document| format!("{document}\n")).collect();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let lines = String::from_utf8(output.stdout).unwrap();
    let complaints: Vec<_> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(complaints.len(), documents.len());
    complaints
}
