//! One test module on both sides, and what differs.
//!
//! Comes in: a program and a module's name. Goes out: how many tests each side executed, and every test whose outcomes differ,
//! judged: a test that ever had the same outcome on both sides is unsteady, one that never had is a difference.

use std::collections::BTreeSet;

use super::Conditions;
use super::outcomes::{Counts, Outcomes, WHOLE};
use super::program::Program;
use super::side::Side;
use crate::process::Failure;

/// How often both sides are run again where they differ.
const REPETITIONS: usize = 3;

/// What differs by design, and why.
const EXPECTED: [(&str, &str); 1] = [(
    "test.test_trace.TestCallers.test_loop_caller_importing",
    "gc.get_referrers() does not look at what the snapshot brought, as CPython's does not after gc.freeze()",
)];

/// What came of one module.
#[derive(Debug)]
pub(super) struct Comparison {
    pub(super) module: String,
    /// Of the first run, by side.
    pub(super) counts: [Counts; 2],
    /// Tests that differ.
    pub(super) findings: Vec<Finding>,
}

/// A test whose outcomes differ.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) test: String,
    /// In each run, by side.
    pub(super) outcomes: [Vec<String>; 2],
}

/// What a finding means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The sides never agreed.
    Differs,
    /// Nor should they, for this reason.
    Expected(&'static str),
    /// They agreed once: the test has no outcome of its own.
    Unsteady,
}

impl Finding {
    pub(super) fn verdict(&self) -> Verdict {
        let [restored, ordinary] = &self.outcomes;
        let expected = EXPECTED.iter().find(|(test, _)| *test == self.test);
        match expected {
            _ if restored.iter().any(|outcome| ordinary.contains(outcome)) => Verdict::Unsteady,
            Some((_, reason)) => Verdict::Expected(reason),
            None => Verdict::Differs,
        }
    }
}

impl Comparison {
    /// Runs the module on both sides, and where they differ again.
    pub(super) fn of(program: &Program, module: &str, conditions: &Conditions) -> Result<Self, Failure> {
        let mut runs = vec![both(program, module, conditions)?];
        let [restored, ordinary] = &runs[0];
        let counts = [restored.counts(), ordinary.counts()];
        if !differing(restored, ordinary).is_empty() {
            for _ in 0..REPETITIONS {
                runs.push(both(program, module, conditions)?);
            }
        }
        Ok(Self { module: module.to_owned(), counts, findings: findings(&runs) })
    }
}

/// At the same time, so that neither has more of the machine.
fn both(program: &Program, module: &str, conditions: &Conditions) -> Result<[Outcomes; 2], Failure> {
    std::thread::scope(|scope| {
        let [restored, ordinary] = Side::BOTH.map(|side| scope.spawn(move || side.run(program, module, conditions)));
        let ended = |run: std::thread::ScopedJoinHandle<'_, Result<Outcomes, Failure>>| {
            run.join().unwrap_or_else(|_| Err(Failure::new(format!("The run of `{module}` panicked"))))
        };
        Ok([ended(restored)?, ended(ordinary)?])
    })
}

/// Where a process has ended early, its end and the test that it was in say so, and not all tests that were to follow.
fn differing<'o>(restored: &'o Outcomes, ordinary: &'o Outcomes) -> BTreeSet<&'o str> {
    let ended_alike = restored.of(WHOLE) == ordinary.of(WHOLE);
    let is_told = |test: &str| ended_alike || (restored.has(test) && ordinary.has(test));
    let tests = restored.tests().chain(ordinary.tests());
    tests.filter(|test| restored.of(test) != ordinary.of(test) && is_told(test)).collect()
}

/// What differed in the first run, with all its outcomes.
fn findings(runs: &[[Outcomes; 2]]) -> Vec<Finding> {
    let [restored, ordinary] = &runs[0];
    let all = |test: &str, side: usize| runs.iter().map(|run| run[side].of(test).to_owned()).collect();
    differing(restored, ordinary)
        .into_iter()
        .map(|test| Finding { test: test.to_owned(), outcomes: [all(test, 0), all(test, 1)] })
        .collect()
}

#[cfg(test)]
mod tests {
    use pyfreeze_tests::command::Status;

    use super::{EXPECTED, Finding, Outcomes, Verdict, findings};

    fn run(outcome: &str) -> Outcomes {
        let text = format!("[\"restored\", \"\", \"\"]\n[\"start\", \"t\", \"\"]\n[\"{outcome}\", \"t\", \"\"]\n");
        Outcomes::read(&text, Status::Exited(0))
    }

    #[test]
    fn what_never_agrees_is_real() {
        let [finding] = &findings(&[[run("fail"), run("ok")], [run("fail"), run("ok")]])[..] else { panic!("one") };
        assert_eq!(finding.verdict(), Verdict::Differs);
        let [finding] = &findings(&[[run("fail"), run("ok")], [run("ok"), run("ok")]])[..] else { panic!("one") };
        assert_eq!(finding.verdict(), Verdict::Unsteady);
        assert_eq!(findings(&[[run("ok"), run("ok")]]), []);
    }

    #[test]
    fn what_is_expected_says_why() {
        let (test, reason) = EXPECTED[0];
        let finding = Finding { test: test.into(), outcomes: [vec!["fail".into()], vec!["ok".into()]] };
        assert_eq!(finding.verdict(), Verdict::Expected(reason));
    }

    #[test]
    fn tests_after_a_crash_are_not_listed() {
        let crashed = Outcomes::read("[\"restored\", \"\", \"\"]\n", Status::Signal(11));
        let [finding] = &findings(&[[crashed, run("ok")]])[..] else { panic!("one") };
        assert_eq!(finding.test, "(the process)");
    }
}
