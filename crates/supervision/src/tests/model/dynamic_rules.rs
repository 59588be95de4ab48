//! The rules of a dynamic supervisor, as a pure function of what happens.

use std::collections::{BTreeMap, VecDeque};

use crate::{
    Restart,
    tests::model::{
        IDS,
        dynamic::Step,
        rules::{Answer, RESTART},
    },
};

/// The child that is restarted at its own pace: 1 s, doubling to 4 s, over after 6 s of health.
pub(super) const BACKS_OFF: usize = 4;

pub(super) const MAX_CHILDREN: usize = 3;

#[derive(Clone, Copy)]
enum Life {
    Runs { since: u64 },
    BacksOff { until: u64 },
}

struct Child {
    life: Life,
    restarts: u32,
    failures: u32,
}

#[derive(Default)]
pub(super) struct DynamicModel {
    children: BTreeMap<usize, Child>,
    restarts: VecDeque<u64>,
    now: u64,
    failing: [usize; 5],
    /// How often the supervisor has given up. It is restarted without children.
    pub(super) gave_up: u32,
}

impl DynamicModel {
    pub(super) fn children(&self) -> Vec<(String, &'static str, u32)> {
        let seen = |(index, child): (&usize, &Child)| {
            let status = match child.life {
                Life::Runs { .. } => "running",
                Life::BacksOff { .. } => "backing off",
            };
            (IDS[*index].to_owned(), status, child.restarts)
        };
        self.children.iter().map(seen).collect()
    }

    pub(super) fn running(&self) -> usize {
        self.children.values().filter(|child| matches!(child.life, Life::Runs { .. })).count()
    }

    pub(super) fn takes(&mut self, step: Step) -> Answer {
        match step {
            Step::Start(index) if self.children.contains_key(&index) => Answer::Running,
            Step::Start(_) if self.children.len() >= MAX_CHILDREN => Answer::Full,
            Step::Start(index) => self.start(index),
            Step::Renew(index) => match self.children.remove(&index) {
                None => Answer::NotFound,
                Some(_) => self.start(index),
            },
            Step::Terminate(index) => match self.children.remove(&index) {
                None => Answer::NotFound,
                Some(_) => Answer::Done,
            },
            Step::Crash(index) => self.exits(index, true),
            Step::End(index) => self.exits(index, false),
            Step::FailNextStarts(index, times) => {
                self.failing[index] += times;
                Answer::Done
            }
            Step::Advance(time) => self.advance(time),
        }
    }

    fn starts(&mut self, index: usize) -> bool {
        let starts = self.failing[index] == 0;
        self.failing[index] = self.failing[index].saturating_sub(1);
        starts
    }

    fn start(&mut self, index: usize) -> Answer {
        let life = Life::Runs { since: self.now };
        let child = Child { life, restarts: 0, failures: 0 };
        if self.starts(index) {
            self.children.insert(index, child);
            return Answer::Done;
        }
        if index == BACKS_OFF {
            self.children.insert(index, child);
            self.backs_off(index);
        }
        Answer::DidNotStart
    }

    fn backs_off(&mut self, index: usize) {
        let now = self.now;
        let child = self.children.get_mut(&index).unwrap();
        child.life =
            Life::BacksOff { until: now + 1000 * [1, 2, 4][child.failures.min(2) as usize] };
        child.failures += 1;
    }

    fn exits(&mut self, index: usize, abnormal: bool) -> Answer {
        let now = self.now;
        let Some(child) = self.children.get_mut(&index) else { return Answer::Done };
        let Life::Runs { since } = child.life else { return Answer::Done };
        let restarts = match RESTART[index] {
            Restart::Permanent => true,
            Restart::Transient => abnormal,
            Restart::Temporary => false,
        };
        if !restarts {
            self.children.remove(&index);
        } else if index == BACKS_OFF {
            if now - since >= 6000 {
                child.failures = 0;
            }
            self.backs_off(index);
        } else {
            self.restart(index);
        }
        Answer::Done
    }

    /// Restarts until it works, or has been tried too often.
    fn restart(&mut self, index: usize) {
        loop {
            while self.restarts.front().is_some_and(|at| self.now - at > 5000) {
                self.restarts.pop_front();
            }
            self.restarts.push_back(self.now);
            if self.restarts.len() > 2 {
                self.children.clear();
                self.restarts.clear();
                self.gave_up += 1;
                return;
            }
            self.children.get_mut(&index).unwrap().restarts += 1;
            if self.starts(index) {
                self.children.get_mut(&index).unwrap().life = Life::Runs { since: self.now };
                return;
            }
        }
    }

    fn advance(&mut self, time: u64) -> Answer {
        self.now += time;
        if let Some(child) = self.children.get_mut(&BACKS_OFF)
            && let Life::BacksOff { until } = child.life
            && until <= self.now
        {
            child.restarts += 1;
            child.life = Life::Runs { since: self.now };
            if !self.starts(BACKS_OFF) {
                self.backs_off(BACKS_OFF);
            }
        }
        Answer::Done
    }
}
