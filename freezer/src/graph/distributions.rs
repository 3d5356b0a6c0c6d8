//! Which distributions of the environment are included, and why.
//!
//! Comes in: what imports reach. Goes out: the included distributions with what they require, and the modules that
//! their entry points name. A distribution that is never imported is included when an included one requires it, or
//! when it offers a plugin that the program asks for by its group. An entry point counts as an import once a module
//! of the program contains the name of its group: most groups belong to tools that are not part of the program.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use crate::bytecode::Library;
use crate::project::{
    EntryPoints, InstalledDistribution, Project, ProjectDistribution, Requirement, entry_point_module, normalize,
};

pub(super) struct Distributions<'a> {
    own: Option<&'a ProjectDistribution>,
    minor_version: u32,
    installed: &'a [InstalledDistribution],
    by_key: HashMap<&'a str, usize>,
    /// The owner of each installed module.
    by_file: HashMap<PathBuf, &'a str>,
    by_top_level: HashMap<&'a str, &'a str>,
    /// Included: normalized name and reason.
    included: BTreeMap<String, String>,
    /// The extras asked of each.
    extras: BTreeMap<String, BTreeSet<String>>,
    /// The groups of all installed distributions, by name: whether the program contains the name.
    groups: HashMap<&'a str, bool>,
    roots: Vec<String>,
}

impl<'a> Distributions<'a> {
    pub(super) fn new(project: &'a Project, library: &Library) -> Self {
        let installed = project.environment.as_ref().map_or(&[][..], |environment| &environment.distributions);
        let mut distributions = Self {
            own: project.distribution.as_ref(),
            minor_version: library.minor_version(),
            installed,
            by_key: HashMap::new(),
            by_file: HashMap::new(),
            by_top_level: HashMap::new(),
            included: BTreeMap::new(),
            extras: BTreeMap::new(),
            groups: HashMap::new(),
            roots: Vec::new(),
        };
        for (index, distribution) in installed.iter().enumerate() {
            let key = distribution.key.as_str();
            distributions.by_key.insert(key, index);
            let groups = distribution.entry_points.keys().filter(|group| !is_script_group(group));
            distributions.groups.extend(groups.map(|group| (group.as_str(), false)));
            for name in &distribution.top_level {
                distributions.by_top_level.entry(name).or_insert(key);
            }
            let is_module = |file: &&str| file.ends_with(".py") || file.ends_with(".so");
            for file in distribution.site_files().filter(is_module) {
                distributions.by_file.entry(distribution.location.join(file)).or_insert(key);
            }
        }
        distributions
    }

    /// The distribution that installed `path`; for a file that nobody lists, the top-level name of its module.
    pub(super) fn owner_of(&self, path: &Path, module: &str) -> String {
        let top = module.split('.').next().unwrap_or(module);
        let known = self.by_file.get(path).or_else(|| self.by_top_level.get(top));
        known.map_or_else(|| top.to_owned(), |key| (*key).to_owned())
    }

    /// Includes the distribution whose module was reached.
    pub(super) fn reach(&mut self, key: &str, importer: Option<&str>) {
        if !self.included.contains_key(key) {
            let reason =
                importer.map_or("named by a setting or an entry point".to_owned(), |by| format!("imported by {by}"));
            self.include(key, reason);
        }
    }

    /// Includes what the project itself requires and offers.
    pub(super) fn add_project(&mut self) {
        let Some(own) = self.own else { return };
        // The project's sources stand for what the environment has under its name.
        self.included.insert(own.key.clone(), "the project itself".into());
        // What the project offers is part of the program, but for its other scripts.
        self.roots.extend(modules(own.entry_points.iter().filter(|(group, _)| !is_script_group(group))));
        self.require(&own.requirements, &own.name, &[]);
    }

    /// Includes the distribution that a setting names; false if there is none.
    pub(super) fn add_named(&mut self, name: &str) -> bool {
        let key = normalize(name);
        let is_there = self.by_key.contains_key(key.as_str());
        if is_there {
            self.include(&key, "named by a setting".into());
        }
        is_there
    }

    /// Includes the distribution that a traced run has used; false if there is none.
    pub(super) fn add_traced(&mut self, key: &str) -> bool {
        let is_there = self.by_key.contains_key(key);
        if is_there {
            self.include(key, "used by a traced run".into());
        }
        is_there
    }

    /// The distribution that installed a file which is no module; else the name of its folder.
    pub(super) fn owner_of_file(&self, path: &Path, name: &str) -> String {
        let owns = |one: &&InstalledDistribution| {
            path.strip_prefix(&one.location).is_ok_and(|file| one.site_files().any(|own| Path::new(own) == file))
        };
        let owner = self.installed.iter().find(owns).map(|distribution| distribution.key.clone());
        owner.unwrap_or_else(|| self.owner_of(path, &name.replace('/', ".")))
    }

    /// Includes a distribution whose metadata `module` asks for, if it is installed.
    pub(super) fn reach_installed(&mut self, key: &str, module: &str) {
        if self.by_key.contains_key(key) {
            self.include(key, format!("asked for by {module}"));
        }
    }

    /// The version of an installed distribution.
    pub(super) fn version(&self, key: &str) -> Option<&'a str> {
        self.by_key.get(key).map(|index| self.installed[*index].version.as_str())
    }

    /// True if a file belongs to an included distribution, or to none.
    pub(super) fn includes(&self, path: &Path) -> bool {
        let owns = |one: &&InstalledDistribution| {
            let file = one.location.canonicalize().ok().and_then(|location| path.strip_prefix(location).ok());
            file.is_some_and(|file| one.site_files().any(|own| Path::new(own) == file))
        };
        self.installed.iter().find(owns).is_none_or(|owner| self.included.contains_key(&owner.key))
    }

    /// The distribution of this normalized name and those that it requires, optional ones only if they are included.
    pub(super) fn with_requirements(&self, key: &str) -> Vec<&'a InstalledDistribution> {
        let Some(own) = self.by_key.get(key).map(|index| &self.installed[*index]) else { return Vec::new() };
        let is_meant = |requirement: &&Requirement| {
            requirement.counts(self.minor_version, &[]) || self.included.contains_key(&requirement.name)
        };
        let required = own.requirements.iter().filter(is_meant);
        let required = required.filter_map(|requirement| self.by_key.get(requirement.name.as_str()));
        [own].into_iter().chain(required.map(|index| &self.installed[*index])).collect()
    }

    /// The installed distributions that only the extras of one ask for.
    pub(super) fn of_extras(&self, key: &str) -> Vec<&'a InstalledDistribution> {
        let Some(own) = self.by_key.get(key).map(|index| &self.installed[*index]) else { return Vec::new() };
        let optional = own.requirements.iter().filter(|requirement| requirement.is_of_extra(self.minor_version));
        let optional = optional.filter_map(|requirement| self.by_key.get(requirement.name.as_str()));
        optional.map(|index| &self.installed[*index]).collect()
    }

    /// Follows the entry points in those groups whose names are among the texts of a module.
    pub(super) fn mention(&mut self, words: &[String]) {
        for word in words {
            if let Some(is_mentioned @ false) = self.groups.get_mut(word.as_str()) {
                *is_mentioned = true;
                for distribution in self.installed.iter().filter(|one| self.included.contains_key(&one.key)) {
                    let entries = distribution.entry_points.get(word).into_iter().flatten();
                    self.roots.extend(entries.map(|(_, value)| entry_point_module(value).to_owned()));
                }
            }
        }
    }

    /// Includes the distributions with entry points in `group`, which `module` asks for.
    pub(super) fn advertisers(&mut self, group: &str, module: &str) {
        self.mention(&[group.to_owned()]);
        for distribution in self.installed {
            if distribution.entry_points.contains_key(group) {
                self.include(&distribution.key, format!("has a plugin for {group}, which {module} asks for"));
            }
        }
    }

    /// True if the environment has a distribution of this normalized name.
    pub(super) fn is_installed(&self, key: &str) -> bool {
        self.by_key.contains_key(key)
    }

    /// The modules that entry points have named since the last call.
    pub(super) fn take_roots(&mut self) -> Vec<String> {
        std::mem::take(&mut self.roots)
    }

    /// The included distributions of the environment with the reason, sorted by normalized name.
    pub(super) fn included(&self) -> impl Iterator<Item = (&'a InstalledDistribution, &str)> {
        let own = self.own.map(|own| own.key.as_str());
        let included = self.included.iter().filter(move |(key, _)| Some(key.as_str()) != own);
        included.filter_map(|(key, reason)| Some((&self.installed[*self.by_key.get(key.as_str())?], reason.as_str())))
    }

    fn include(&mut self, key: &str, reason: String) {
        if self.included.contains_key(key) {
            return;
        }
        self.included.insert(key.to_owned(), reason);
        let Some(distribution) = self.by_key.get(key).map(|index| &self.installed[*index]) else { return };
        self.add_mentioned(&distribution.entry_points);
        self.require(&distribution.requirements, &distribution.name, &[]);
    }

    /// The entry points of a distribution that is included now, in groups that have been mentioned before.
    fn add_mentioned(&mut self, entry_points: &EntryPoints) {
        let mentioned = entry_points.iter().filter(|(group, _)| self.groups.get(group.as_str()) == Some(&true));
        self.roots.extend(modules(mentioned));
    }

    fn require(&mut self, requirements: &[Requirement], by: &str, extras: &[String]) {
        let minor_version = self.minor_version;
        for requirement in requirements.iter().filter(|requirement| requirement.counts(minor_version, extras)) {
            let key = requirement.name.as_str();
            let Some(distribution) = self.by_key.get(key).map(|index| &self.installed[*index]) else { continue };
            self.include(key, format!("required by {by}"));
            let known = self.extras.entry(key.to_owned()).or_default();
            let is_new = requirement.extras.iter().fold(false, |is_new, extra| known.insert(extra.clone()) | is_new);
            if is_new {
                let extras: Vec<_> = known.iter().cloned().collect();
                self.require(&distribution.requirements, &distribution.name, &extras);
            }
        }
    }
}

fn is_script_group(group: &str) -> bool {
    matches!(group, "console_scripts" | "gui_scripts")
}

/// The modules that entry points name.
fn modules<'e>(groups: impl Iterator<Item = (&'e String, &'e Vec<(String, String)>)>) -> Vec<String> {
    groups.flat_map(|(_, entries)| entries).map(|(_, value)| entry_point_module(value).to_owned()).collect()
}
