//! What holds for every plan, whatever the repository.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what is wrong by failing")]

use std::collections::BTreeSet;
use std::path::Path;

use monorepo::{BackendChoice, Monorepo};
use recipe::{ManifestForm, OriginForm, Place, Recipe, Root, Step, plan};

fn plans() -> Vec<(&'static str, Recipe)> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures");
    let read = |name| Monorepo::read(&fixtures.join(name), &BackendChoice::Only).unwrap();
    ["minimal", "demo"].map(|name| (name, plan(&read(name), None))).to_vec()
}

/// Asserts something of each step of each plan.
fn each(check: impl Fn(&Recipe, &Step) -> bool) {
    for (name, recipe) in plans() {
        for step in &recipe.steps {
            assert!(check(&recipe, step), "{name}: {step:#?}");
        }
    }
}

#[test]
fn a_step_comes_after_what_it_needs_continues_and_is_handed() {
    for (name, recipe) in plans() {
        let mut before = BTreeSet::new();
        for step in &recipe.steps {
            let origin = step.from.iter().map(|origin| &origin.step);
            let handed = step.inputs.outputs.iter().map(|handed| &handed.step);
            for other in step.needs.iter().chain(origin).chain(handed) {
                assert!(before.contains(other), "{name}: {} before {other}", step.id);
            }
            assert!(before.insert(&step.id), "{name}: two steps {}", step.id);
        }
        let image = &recipe.image;
        let of_image =
            [&image.dependencies, &image.application].into_iter().chain(image.programs.iter().map(|p| &p.step));
        assert!(of_image.into_iter().all(|id| before.contains(id)), "{name}");
    }
}

#[test]
fn what_is_handed_in_is_an_output_of_its_step() {
    each(|recipe, step| {
        step.inputs.outputs.iter().all(|handed| recipe.step(&handed.step).unwrap().outputs.contains(&handed.path))
    });
}

#[test]
fn a_work_tree_leaves_something_or_is_a_gate() {
    each(|_, step| !step.has_work_tree() || step.gate != (step.all_outputs().count() > 0));
}

#[test]
fn the_last_step_waits_for_every_gate() {
    for (name, recipe) in plans() {
        let last = recipe.steps.last().unwrap();
        assert_eq!(last.place, Place::Image, "{name}");
        let gates = recipe.steps.iter().filter(|step| step.gate);
        assert!(gates.into_iter().all(|gate| last.needs.contains(&gate.id)), "{name}");
    }
}

#[test]
fn only_a_tree_that_is_cut_down_has_production_manifests() {
    each(|_, step| {
        let form = step.from.as_ref().map(|origin| &origin.form);
        matches!(form, Some(OriginForm::CutDown { .. })) == (step.inputs.manifests == ManifestForm::Production)
    });
}

#[test]
fn what_runs_without_a_network_has_no_way_to_install() {
    each(|_, step| match &step.place {
        Place::BuilderRoot { packages, .. } | Place::ImageRoot { packages } => step.network || packages.is_empty(),
        Place::WorkTree { over, packages, .. } => *over == Root::Image || packages.is_empty(),
        Place::Image => !step.network,
    });
}

/// A package for browsers and servers alike is built into more than these commands build.
#[test]
fn packing_is_saved_where_every_package_is_plain() {
    let [minimal, demo] = plans().try_into().unwrap();
    let direct = |recipe: &Recipe| recipe.step(&recipe.image.application)?.archive.as_ref()?.direct.clone();
    let commands = direct(&minimal.1).unwrap();
    assert_eq!(commands.bundles, ["packages/app"]);
    assert!(commands.builds.iter().any(|build| build.folder == minimal.1.backend));
    assert_eq!(direct(&demo.1), None);
}

#[test]
fn equal_facts_give_equal_fingerprints() {
    for ((name, one), (_, other)) in plans().into_iter().zip(plans()) {
        assert_eq!(one, other, "{name}");
        let fingerprints: BTreeSet<_> = one.steps.iter().map(|step| &step.fingerprint).collect();
        assert_eq!(fingerprints.len(), one.steps.len(), "{name}");
    }
}
