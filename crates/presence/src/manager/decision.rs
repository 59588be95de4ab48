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

/// A user who is present, or whose tree is held, has a tree and no timer; any other has a timer if there is, or will
/// be, a tree.
pub(super) fn decide(present: bool, held: bool, tree: Outlook, timer_runs: bool) -> Decision {
    let needed = present || held;
    match (needed, tree) {
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
        for (tree, timer_runs, gone, held, present, both) in [
            (Absent, false, Nothing, Start, Start, Start),
            (Absent, true, Cancel, Start, Start, Start),
            (Ends, false, Nothing, Start, Start, Start),
            (Ends, true, Cancel, Start, Start, Start),
            (Lives, false, Arm, Nothing, Nothing, Nothing),
            (Lives, true, Nothing, Cancel, Cancel, Cancel),
        ] {
            for (is_present, is_held, expected) in [
                (false, false, gone),
                (false, true, held),
                (true, false, present),
                (true, true, both),
            ] {
                let decision = decide(is_present, is_held, tree, timer_runs);
                assert_eq!(
                    decision, expected,
                    "present {is_present}, held {is_held}, tree {tree:?}, timer {timer_runs}"
                );
            }
        }
    }
}
