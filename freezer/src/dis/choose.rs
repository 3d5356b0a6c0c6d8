//! The code objects of a function or class, by its qualified name.

use super::{DisError, Disassembly, Object};
use crate::project::nearest;

/// What stands in qualified names between a function and what is defined in it.
const LOCALS: &str = ".<locals>";

/// Only what is called `qualname` and what is in it; several if the module defines it several times. `outer.inner` also
/// means `outer.<locals>.inner`.
///
/// # Errors
/// [`DisError::NoQualname`].
pub fn choose(mut disassembly: Disassembly, qualname: &str) -> Result<Disassembly, DisError> {
    let is_exact = |object: &Object| object.qualname == qualname;
    let is_short = |object: &Object| object.qualname.replace(LOCALS, "") == qualname;
    let objects = match chosen(&disassembly.objects, &is_exact) {
        objects if objects.is_empty() => chosen(&disassembly.objects, &is_short),
        objects => objects,
    };
    if objects.is_empty() {
        let known = known(&disassembly.objects, qualname);
        return Err(DisError::NoQualname { module: disassembly.module, qualname: qualname.into(), known });
    }
    disassembly.objects = objects;
    Ok(disassembly)
}

fn chosen(objects: &[Object], is_chosen: &dyn Fn(&Object) -> bool) -> Vec<Object> {
    let mut chosen: Vec<Object> = Vec::new();
    // The depth of the object whose inner ones are being taken.
    let mut outer: Option<usize> = None;
    for object in objects {
        outer = outer.filter(|depth| object.depth > *depth);
        if outer.is_none() && is_chosen(object) {
            outer = Some(object.depth);
        }
        if let Some(depth) = outer {
            chosen.push(Object { depth: object.depth - depth, ..object.clone() });
        }
    }
    chosen
}

/// What the module has, the most similar name first.
fn known(objects: &[Object], qualname: &str) -> Vec<String> {
    // Lambdas and comprehensions have no name that anybody asks for.
    let has_name = |object: &&Object| !object.name.starts_with('<');
    let mut names: Vec<&str> = objects.iter().filter(has_name).map(|object| object.qualname.as_str()).collect();
    names.dedup();
    if let Some(best) = nearest(qualname, &names) {
        names.retain(|name| *name != best);
        names.insert(0, best);
    }
    names.into_iter().map(str::to_owned).collect()
}
