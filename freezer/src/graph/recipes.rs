//! Recipes: what single packages import in ways that nothing in their files shows.
//!
//! Comes in: `freezer/recipes`, one file for each distribution. Goes out: further modules of the graph, once a module is
//! reached that imports them. A recipe is the last resort: what a generic mechanism finds needs none. Each says which
//! function does it, so that it can be checked against the package.

use std::sync::OnceLock;

use serde::Deserialize;

use super::module_graph::ModuleGraph;
use super::pattern::Pattern;
use crate::contents::Reason;

/// The files of `freezer/recipes`.
const SOURCES: [(&str, &str); 7] = [
    ("fonttools", include_str!("../../recipes/fonttools.toml")),
    ("gevent", include_str!("../../recipes/gevent.toml")),
    ("matplotlib", include_str!("../../recipes/matplotlib.toml")),
    ("passlib", include_str!("../../recipes/passlib.toml")),
    ("pillow", include_str!("../../recipes/pillow.toml")),
    ("python", include_str!("../../recipes/python.toml")),
    ("sqlalchemy", include_str!("../../recipes/sqlalchemy.toml")),
];

/// The distribution whose recipe is about the standard library.
const STANDARD_LIBRARY: &str = "python";

/// One file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Recipe {
    /// The distribution's normalized name.
    distribution: String,
    include: Vec<Step>,
}

/// What one module needs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    /// The module that imports the others.
    when: String,
    /// Only for versions from this one on.
    since: Option<String>,
    /// Only for versions before this one.
    before: Option<String>,
    /// Modules, `*` standing for anything in one package; those that this version doesn't have are passed over.
    #[serde(default)]
    modules: Vec<String>,
    /// Distributions whose metadata is asked for.
    #[serde(default)]
    distributions: Vec<String>,
    /// File and function that do it, and how.
    #[cfg_attr(not(test), expect(dead_code, reason = "for whoever checks the recipe against a new version"))]
    fact: String,
}

/// Each step with its distribution, in the order of the files.
fn steps() -> &'static [(String, Step)] {
    static STEPS: OnceLock<Vec<(String, Step)>> = OnceLock::new();
    STEPS.get_or_init(|| {
        // OK because a test parses every file: none is ever passed over here.
        let recipes = SOURCES.iter().filter_map(|(_, text)| toml::from_str::<Recipe>(text).ok());
        recipes
            .flat_map(|recipe| recipe.include.into_iter().map(move |step| (recipe.distribution.clone(), step)))
            .collect()
    })
}

impl ModuleGraph<'_> {
    /// Follows the recipes of the modules that are reached by now.
    pub(super) fn follow_recipes(&mut self) {
        for (number, (distribution, step)) in steps().iter().enumerate() {
            let importer = self.node_index(&step.when);
            if importer.is_none() || self.recipes_followed.contains(&number) || !self.is_meant(distribution, step) {
                continue;
            }
            self.recipes_followed.insert(number);
            self.because = Reason::Recipe;
            for pattern in &step.modules {
                self.add_fitting(&Pattern::new(pattern), importer);
            }
            for name in &step.distributions {
                self.distributions.reach_installed(name, &step.when);
            }
        }
    }

    fn is_meant(&self, distribution: &str, step: &Step) -> bool {
        if distribution == STANDARD_LIBRARY {
            return true;
        }
        let Some(version) = self.distributions.version(distribution) else { return false };
        let found = release(version);
        step.since.as_ref().is_none_or(|since| found >= release(since))
            && step.before.as_ref().is_none_or(|before| found < release(before))
    }
}

/// The numbers of a version, up to what is none.
fn release(version: &str) -> Vec<u32> {
    version.split('.').map_while(|part| part.parse().ok()).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::{Recipe, SOURCES, release};

    #[test]
    fn every_file_is_a_recipe_with_facts() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/recipes");
        let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        files.sort();
        let listed: Vec<_> = SOURCES.iter().map(|(name, _)| std::ffi::OsString::from(format!("{name}.toml"))).collect();
        assert_eq!(files, listed);
        for (name, text) in SOURCES {
            let recipe: Recipe = toml::from_str(text).unwrap();
            assert_eq!(recipe.distribution, name);
            for step in &recipe.include {
                assert!(step.fact.len() > 40 && !step.when.is_empty(), "{name}: {}", step.fact);
                assert!(!step.modules.is_empty() || !step.distributions.is_empty(), "{name}");
            }
        }
    }

    #[test]
    fn versions_are_compared_by_numbers() {
        assert!(release("2.10.1") > release("2.9") && release("2.0rc1") < release("2.0.1"));
    }

    /// The distribution, the module that imports, and each module or pattern that it imports, of every recipe.
    pub(in crate::graph) fn all() -> Vec<(String, String, Vec<String>)> {
        super::steps().iter().map(|(name, step)| (name.clone(), step.when.clone(), step.modules.clone())).collect()
    }
}
