//! The code keeps to the map: who may import whom, and how long a file may be.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

/// The longest file of code that is no test. Most are a third of it.
const MAX_LINES: usize = 400;
const RULES_BEGIN: &str = "Who may import whom";
const EVERYBODY: &str = "everything it needs";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// `ARCHITECTURE.md`'s table: crate → the crates that it may import; `None` is all of them.
fn rules() -> BTreeMap<String, Option<BTreeSet<String>>> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let (_, after) = text.split_once(RULES_BEGIN).expect("the table is there");
    let table = after.split("```").nth(1).unwrap().trim_start_matches("text");
    let names = |list: &str| -> BTreeSet<String> {
        list.split(',').map(|name| name.trim().to_owned()).collect()
    };
    let mut rules = BTreeMap::new();
    for line in table.lines().filter(|line| !line.trim().is_empty()) {
        let (who, whom) = line.split_once('→').unwrap_or_else(|| panic!("no arrow in {line:?}"));
        let allowed = match whom.trim() {
            "nobody" => Some(BTreeSet::new()),
            everything if everything.contains(EVERYBODY) => None,
            list => Some(names(list)),
        };
        rules.extend(names(who).into_iter().map(|name| (name, allowed.clone())));
    }
    rules
}

/// The crates of `crates/`, by folder, and which others of them each imports outside of tests.
fn imports() -> BTreeMap<String, BTreeSet<String>> {
    let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let mut metadata = Command::new(cargo);
    metadata.args(["metadata", "--format-version=1", "--no-deps", "--offline"]).current_dir(root());
    let output = metadata.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let folder = |path: &str| {
        let below = Path::new(path).strip_prefix(root().join("crates")).ok()?;
        Some(below.components().next()?.as_os_str().to_str()?.to_owned())
    };
    let import = |dependency: &Value| {
        let is_normal = dependency["kind"].is_null();
        is_normal.then(|| folder(dependency["path"].as_str()?)).flatten()
    };
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages
        .filter_map(|package| {
            let name = folder(package["manifest_path"].as_str()?)?;
            let dependencies = package["dependencies"].as_array()?.iter();
            Some((name, dependencies.filter_map(import).collect()))
        })
        .collect()
}

#[test]
fn nobody_imports_who_is_not_theirs_to_import() {
    let (rules, imports) = (rules(), imports());
    assert!(imports.len() >= 9, "{imports:?}");
    assert!(imports["daemon"].contains("supervision"), "the reading works: {imports:?}");
    let known: Vec<_> = rules.keys().collect();
    assert_eq!(known, imports.keys().collect::<Vec<_>>(), "the table names each crate once");
    for (name, imported) in &imports {
        let Some(allowed) = &rules[name] else { continue };
        let forbidden: Vec<_> = imported.difference(allowed).collect();
        assert!(forbidden.is_empty(), "{name} imports {forbidden:?}; it may import {allowed:?}");
    }
}

#[test]
fn a_file_holds_one_idea() {
    let mut folders = vec![root().join("crates")];
    let mut seen = 0;
    let mut too_long = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let is_test = path.ends_with("tests") || path.ends_with("tests.rs");
            if path.is_dir() && !is_test {
                folders.push(path);
            } else if !is_test && path.extension().is_some_and(|extension| extension == "rs") {
                let lines = fs::read_to_string(&path).unwrap().lines().count();
                seen += 1;
                if lines > MAX_LINES {
                    too_long.push(format!("{}: {lines}", path.display()));
                }
            }
        }
    }
    assert!(seen > 100, "{seen}");
    assert!(too_long.is_empty(), "more than {MAX_LINES} lines, more than one idea: {too_long:#?}");
}
