//! `flightcontrol.json` brought in line where there is one: what is the user's stays, byte for byte.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests")]

mod common;

use common::{Sandbox, transcript};

/// Two environments of a team, with tabs, lists on one line, other services, and a service of ours that is half right.
const TEAM: &str = r#"{
	"envVariables": { "TZ": "UTC" },
	"environments": [
		{
			"id": "prod", "name": "Production", "region": "eu-west-1", "source": { "branch": "main" },
			"services": [
				{ "id": "docs", "name": "Docs", "type": "static", "buildType": "nixpacks", "watchPaths": ["docs/**"] },
				{
					"memory": 4,
					"cpu": 2,
					"id": "portal",
					"name": "Portal",
					"type": "web",
					"target": { "type": "ecs-ec2", "clusterInstanceSize": "t3.medium" },
					"buildType": "docker",
					"dockerfilePath": "./packages/backend/Dockerfile.flightcontrol",
					"dockerContext": "./",
					"port": 3000,
					"watchPaths": [ "special/**", "packages/**" ],
					"minInstances": 1, "maxInstances": 3
				},
				{ "id": "db", "name": "DB", "type": "rds", "engine": "postgres", "engineVersion": "16" }
			]
		},
		{ "id": "preview", "services": [] }
	]
}
"#;

const FILE: &str = "flightcontrol.json";

#[test]
fn only_what_the_service_lacks_is_added() {
    let sandbox = Sandbox::of("minimal");
    sandbox.write(FILE, TEAM);
    sandbox.succeed(&["render"]);
    let ours = "\t\t\t\t\t";
    let globs = [
        ".yarnrc.yml",
        "app-config.production.flightcontrol.yaml",
        "app-config.production.yaml",
        "app-config.yaml",
        "backstage.json",
        "package.json",
        "plugins/**",
        "tsconfig.json",
        "yarn.lock",
    ];
    let globs: String = globs.iter().map(|glob| format!(", \"{glob}\"")).collect();
    let expected = TEAM
        .replace("\"port\": 3000", "\"port\": 7007")
        .replace("\"packages/**\" ]", &format!("\"packages/**\"{globs} ]"))
        .replace(
            "\"maxInstances\": 3\n",
            &format!(
                "\"maxInstances\": 3,\n{ours}\"healthCheckPath\": \"/.backstage/health/v1/readiness\",\n{ours}\"injectEnvVariablesInDockerfile\": false,\n{ours}\"envVariables\": {{\n{ours}\t\"POSTGRES_CON_STRING\": {{\n{ours}\t\t\"fromService\": {{\n{ours}\t\t\t\"id\": \"db\",\n{ours}\t\t\t\"value\": \"dbConnectionString\"\n{ours}\t\t}}\n{ours}\t}}\n{ours}}}\n"
            ),
        );
    assert_eq!(sandbox.read(FILE), expected);
    sandbox.succeed(&["render", "--check"]);
}

#[test]
fn a_value_of_the_user_is_shown_kept_and_replaced_on_demand() {
    let sandbox = Sandbox::of("minimal");
    let mine = TEAM.replace("\"port\": 3000", "\"healthCheckPath\": \"/mine\"");
    sandbox.write(FILE, &mine);
    let output = sandbox.run(&["render"]);
    let text = transcript(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    for part in [
        "error: flightcontrol.json was edited by hand and is left as it is",
        "\n-\t\t\t\t\t\"healthCheckPath\": \"/mine\",\n",
        "\n+\t\t\t\t\t\"healthCheckPath\": \"/.backstage/health/v1/readiness\",\n",
        "changing assets/ or xtask.toml instead",
    ] {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
    assert_eq!(sandbox.read(FILE), mine);
    assert!(!sandbox.path("app-config.production.flightcontrol.yaml").exists(), "all files or none");
    sandbox.write("xtask.toml", "[flightcontrol]\nhealth-check-path = \"/mine\"\n");
    sandbox.succeed(&["render"]);
    assert!(sandbox.read(FILE).contains("\"healthCheckPath\": \"/mine\""));
    sandbox.write("xtask.toml", "");
    sandbox.succeed(&["render", "--force"]);
    assert!(!sandbox.read(FILE).contains("/mine"));
}

#[test]
fn a_service_and_a_database_come_into_an_environment_without_them() {
    let sandbox = Sandbox::of("minimal");
    sandbox.write(FILE, "{ \"environments\": [{ \"id\": \"a\", \"services\": [] }] }");
    sandbox.succeed(&["render"]);
    let file: serde_json::Value = serde_json::from_str(&sandbox.read(FILE)).unwrap();
    let services = file["environments"][0]["services"].as_array().unwrap();
    assert_eq!(services.iter().map(|service| &service["id"]).collect::<Vec<_>>(), ["backstage", "database"]);
    assert_eq!(services[1]["connectionStringEnvVarName"], "POSTGRES_CON_STRING");
}

#[test]
fn a_service_of_somebody_else_is_left_alone() {
    let shop = "{ \"id\": \"shop\", \"type\": \"web\", \"buildType\": \"nixpacks\", \"port\": 3000 }";
    let wiki =
        "{ \"id\": \"wiki\", \"type\": \"web\", \"buildType\": \"docker\", \"dockerfilePath\": \"wiki/Dockerfile\" }";
    for theirs in [shop, wiki] {
        let sandbox = Sandbox::of("minimal");
        sandbox.write("wiki/Dockerfile", "FROM scratch\n");
        sandbox.write(FILE, &format!("{{ \"environments\": [{{ \"services\": [ {theirs} ] }}] }}"));
        assert!(transcript(&sandbox.run(&["check"])).contains("BF001 flightcontrol.json"));
        sandbox.succeed(&["render"]);
        let text = sandbox.read(FILE);
        assert!(text.contains(&format!("[ {theirs}, {{")), "{text}");
        sandbox.succeed(&["check", "--fail-on", "note"]);
    }
}

#[test]
fn files_that_are_not_understood_are_left_alone() {
    for (text, words) in [
        ("{ \"environments\": [ }", "flightcontrol.json:1:21: found broken JSON"),
        ("[]", "found no environment with services"),
        ("{\"environments\": [{\"id\": \"a\"}]}", "expected `environments`, each with a list `services`"),
    ] {
        let sandbox = Sandbox::of("minimal");
        sandbox.write(FILE, text);
        let output = sandbox.run(&["render"]);
        let said = transcript(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(words) && said.contains("hint: fix it"), "{said}");
        assert_eq!(sandbox.read(FILE), text);
    }
}

#[test]
fn differences_are_shown_and_nothing_is_written() {
    let sandbox = Sandbox::of("minimal");
    let shown = sandbox.succeed(&["render", "--diff"]);
    for path in ["app-config.production.flightcontrol.yaml", "packages/backend/Dockerfile.flightcontrol", FILE] {
        assert!(shown.contains(&format!("+++ {path} (rendered)")), "{path} in\n{shown}");
        assert!(!sandbox.path(path).exists());
    }
    assert_eq!(sandbox.run(&["render", "--diff", "--check"]).status.code(), Some(1));
    sandbox.succeed(&["render"]);
    assert_eq!(sandbox.succeed(&["render", "--diff"]), "");
}

#[test]
fn settings_that_cannot_work_are_refused() {
    for (settings, words) in [
        ("ssl = \"verify\"", "found ssl = \"verify\", and no file \"rds-global-bundle.pem\""),
        ("ssl = \"no\"", "xtask.toml:2:7: found unknown variant `no`"),
        ("connection-variable = \"A-B\"", "expected letters, digits and underscores"),
        ("health-check-path = \"health\"", "expected a path that begins with a slash"),
        ("servce = \"a\"", "write service in place of servce"),
    ] {
        let sandbox = Sandbox::of("minimal");
        sandbox.write("xtask.toml", &format!("[flightcontrol]\n{settings}\n"));
        let said = transcript(&sandbox.run(&["render"]));
        assert!(said.starts_with("exit 1\n") && said.contains(words), "{said}");
    }
}
