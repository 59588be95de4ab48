//! What to do about one user, from what is known about them: the whole policy, in one table.

use stagedoor_supervision::Outlook;

/// What is done about a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// The tree is started; after the one that is stopping has ended, if there is one.
    Start,
    /// The grace timer is armed.
    Arm,
    /// The grace timer is cancelled.
    Cancel,
    /// All is as it should be.
    Nothing,
}

/// A user who is present has a tree and no timer; one who is not has a timer if there is, or will be, a tree.
pub(super) fn decide(present: bool, tree: Outlook, timer_runs: bool) -> Decision {
    match (present, tree) {
        (true, Outlook::Absent | Outlook::Ends) => Decision::Start,
        (false, Outlook::Lives) if !timer_runs => Decision::Arm,
        (true, Outlook::Lives) | (false, Outlook::Absent | Outlook::Ends) if timer_runs => {
            Decision::Cancel
        }
        _ => Decision::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy() {
        use Decision::{Arm, Cancel, Nothing, Start};
        use Outlook::{Absent, Ends, Lives};
        for (present, tree, timer_runs, expected) in [
            (true, Absent, false, Start),
            (true, Absent, true, Start),
            (true, Ends, false, Start),
            (true, Ends, true, Start),
            (true, Lives, false, Nothing),
            (true, Lives, true, Cancel),
            (false, Absent, false, Nothing),
            (false, Absent, true, Cancel),
            (false, Ends, false, Nothing),
            (false, Ends, true, Cancel),
            (false, Lives, false, Arm),
            (false, Lives, true, Nothing),
        ] {
            let decision = decide(present, tree, timer_runs);
            assert_eq!(decision, expected, "present {present}, tree {tree:?}, timer {timer_runs}");
        }
    }
}
