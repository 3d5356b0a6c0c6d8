//! Whole-program tests: `python app` and the frozen app must agree.
//!
//! Comes in: the finished `pyfreeze` (see [`product`]), the cases in `tests/cases`, the examples and
//! `tests/compat.toml`. Goes out: a report whose last line counts passed, failed and skipped. The product is never
//! called as a library here: only what a user can run counts.

pub mod runner;

pub mod command;
pub mod normalize;
pub mod packages;
pub mod product;

pub mod directive;
pub mod dis;
pub mod learners;
pub mod levels;

pub mod bench;
pub mod browser;
pub mod cases;
pub mod cli;
pub mod compat;
pub mod damage;
pub mod examples;
pub mod executables;
pub mod extracting;
pub mod hooks;
pub mod inspecting;
pub mod install;
pub mod libraries;
pub mod project;
pub mod pyc;
mod pyc_pythons;
pub mod reproducible;
pub mod snapshot;
pub mod static_stub;
pub mod tidy;
pub mod tidy_unsafe;
pub mod trace;
pub mod wheels;

use std::process::ExitCode;

use crate::product::Product;
use crate::runner::{Options, Test};

/// Runs the tests whose names contain one of the given words: all of them without a word.
///
/// * `--quick` leaves out what takes minutes: real tools, the thousand-module project.
/// * `--full-compat` runs all packages instead of the quick ones, and writes `docs/compatibility.md`.
/// * `--list` only prints the names.
pub fn main(arguments: impl Iterator<Item = String>) -> ExitCode {
    let options = Options::parse(arguments);
    let product = match Product::find() {
        Ok(product) => product,
        Err(message) => {
            eprintln!("error: {message}");
            return ExitCode::FAILURE;
        }
    };
    let report = runner::run(all_tests(&options), &product, &options);
    print!("{}", compat::table());
    if options.is_full_compat
        && !options.is_list
        && let Err(message) = compat::write_page(&product.checkout)
    {
        eprintln!("error: {message}");
        return ExitCode::FAILURE;
    }
    println!("{report}");
    if report.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn all_tests(options: &Options) -> Vec<Test> {
    let mut tests = tidy::tests();
    tests.extend(cases::tests());
    tests.extend(examples::tests());
    tests.extend(cli::tests());
    tests.extend(bench::tests());
    tests.extend(browser::tests());
    tests.extend(hooks::tests());
    tests.extend(install::tests());
    tests.extend(trace::tests());
    tests.extend(pyc::tests());
    tests.extend(dis::tests());
    tests.extend(learners::tests());
    tests.extend(executables::tests(options));
    tests.extend(libraries::tests());
    tests.extend(damage::tests());
    tests.extend(inspecting::tests(options));
    tests.extend(extracting::tests(options));
    tests.extend(static_stub::tests());
    tests.extend(reproducible::tests());
    tests.extend(snapshot::tests(options));
    tests.extend(compat::tests(options));
    tests
}
