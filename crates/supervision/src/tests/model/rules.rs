//! OTP's rules, as a pure function of what happens. Written from its documentation, not from the code.

use std::collections::VecDeque;

use crate::{
    Restart, Strategy,
    tests::model::{IDS, Step},
};

/// The restart type of each child.
pub(super) const RESTART: [Restart; 5] = [
    Restart::Permanent,
    Restart::Transient,
    Restart::Temporary,
    Restart::Permanent,
    Restart::Transient,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Done,
    NotFound,
    Running,
    Restarting,
    Present,
    Full,
    DidNotStart,
    Down,
}

struct Child {
    index: usize,
    runs: bool,
    restarts: u32,
}

pub(super) struct Model {
    strategy: Strategy,
    children: Vec<Child>,
    /// When there were restarts, in milliseconds.
    restarts: VecDeque<u64>,
    now: u64,
    failing: [usize; 5],
    log: Vec<String>,
    pub(super) gave_up: bool,
}

impl Model {
    /// Children a, b and c run.
    pub(super) fn start(strategy: Strategy) -> Self {
        let mut model = Self {
            strategy,
            children: Vec::new(),
            restarts: VecDeque::new(),
            now: 0,
            failing: [0; 5],
            log: Vec::new(),
            gave_up: false,
        };
        for index in 0..3 {
            model.takes(Step::Start(index));
        }
        model
    }

    pub(super) fn take_log(&mut self) -> Vec<String> {
        std::mem::take(&mut self.log)
    }

    pub(super) fn children(&self) -> Vec<(String, &'static str, u32)> {
        let seen = |child: &Child| {
            let status = if child.runs { "running" } else { "terminated" };
            (IDS[child.index].to_owned(), status, child.restarts)
        };
        self.children.iter().map(seen).collect()
    }

    pub(super) fn takes(&mut self, step: Step) -> Answer {
        match step {
            Step::Start(index) => match self.find(index).map(|at| self.children[at].runs) {
                Some(true) => Answer::Running,
                Some(false) => Answer::Present,
                None if self.starts(index) => {
                    self.children.push(Child { index, runs: true, restarts: 0 });
                    Answer::Done
                }
                None => Answer::DidNotStart,
            },
            Step::Terminate(index) => {
                let Some(at) = self.find(index) else { return Answer::NotFound };
                self.stop(at);
                if RESTART[index] == Restart::Temporary {
                    self.children.remove(at);
                }
                Answer::Done
            }
            Step::Restart(index) => match self.find(index) {
                None => Answer::NotFound,
                Some(at) if self.children[at].runs => Answer::Running,
                Some(at) if self.restart_one(at) => Answer::Done,
                Some(_) => Answer::DidNotStart,
            },
            Step::Delete(index) => match self.find(index) {
                None => Answer::NotFound,
                Some(at) if self.children[at].runs => Answer::Running,
                Some(at) => {
                    self.children.remove(at);
                    Answer::Done
                }
            },
            Step::Crash(index) => self.exits(index, true),
            Step::End(index) => self.exits(index, false),
            Step::FailNextStarts(index, times) => {
                self.failing[index] += times;
                Answer::Done
            }
            Step::Advance(time) => {
                self.now += time;
                Answer::Done
            }
        }
    }

    fn find(&self, index: usize) -> Option<usize> {
        self.children.iter().position(|child| child.index == index)
    }

    fn starts(&mut self, index: usize) -> bool {
        if self.failing[index] > 0 {
            self.failing[index] -= 1;
            return false;
        }
        self.log.push(format!("start {}", IDS[index]));
        true
    }

    fn stop(&mut self, at: usize) {
        if std::mem::take(&mut self.children[at].runs) {
            self.log.push(format!("stop {}", IDS[self.children[at].index]));
        }
    }

    /// Stops the children from this one on, the last first.
    pub(super) fn stop_from(&mut self, first: usize) {
        for at in (first..self.children.len()).rev() {
            self.stop(at);
        }
    }

    fn restart_one(&mut self, at: usize) -> bool {
        self.children[at].restarts += 1;
        self.children[at].runs = self.starts(self.children[at].index);
        self.children[at].runs
    }

    fn exits(&mut self, index: usize, abnormal: bool) -> Answer {
        let Some(at) = self.find(index).filter(|at| self.children[*at].runs) else {
            return Answer::Done;
        };
        // One that ends by itself, and in good order, runs its `post_stop`.
        self.children[at].runs = false;
        if !abnormal {
            self.log.push(format!("stop {}", IDS[index]));
        }
        match RESTART[index] {
            Restart::Temporary => drop(self.children.remove(at)),
            Restart::Transient if !abnormal => {}
            Restart::Permanent | Restart::Transient => self.restart(index),
        }
        Answer::Done
    }

    /// Restarts until it works, or has been tried too often.
    fn restart(&mut self, mut index: usize) {
        loop {
            while self.restarts.front().is_some_and(|at| self.now - at > 5000) {
                self.restarts.pop_front();
            }
            self.restarts.push_back(self.now);
            if self.restarts.len() > 3 {
                self.stop_from(0);
                self.gave_up = true;
                return;
            }
            let at = self.find(index).unwrap();
            let range = match self.strategy {
                Strategy::OneForOne => at..at + 1,
                Strategy::OneForAll => 0..usize::MAX,
                Strategy::RestForOne => at..usize::MAX,
            };
            if self.strategy != Strategy::OneForOne {
                self.stop_from(range.start);
                let mut position = 0;
                self.children.retain(|child| {
                    position += 1;
                    position <= range.start || RESTART[child.index] != Restart::Temporary
                });
            }
            let mut at = range.start..range.end.min(self.children.len());
            match at.find(|at| !self.restart_one(*at)) {
                None => return,
                Some(failed) => index = self.children[failed].index,
            }
        }
    }
}
