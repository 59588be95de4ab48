//! One output: what is known of it, what is to become of it, and the next step from the one to the other.

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use stagedoor_cloudflare::Priority;
use stagedoor_store::OutputRecord;

/// A hash of a destination's URL and stream key.
pub(super) type Fingerprint = Box<str>;

pub(super) fn fingerprint(url: &str, stream_key: &SecretString) -> Fingerprint {
    use std::fmt::Write as _;

    let hash = Sha256::new()
        .chain_update(url)
        .chain_update([0])
        .chain_update(stream_key.expose_secret())
        .finalize();
    let mut hex = String::with_capacity(2 * hash.len());
    for byte in hash {
        let _ = write!(hex, "{byte:02x}");
    }
    hex.into()
}

/// What is known of an output.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Presence {
    /// There is none.
    #[default]
    Absent,
    /// One was to be created, and it is not known what came of it.
    Intended(Fingerprint),
    /// It is there.
    There {
        /// Where it leads to.
        fingerprint: Fingerprint,
        /// Cloudflare's id of it.
        uid: Box<str>,
        /// Whether it sends; none when a call to change that got lost.
        enabled: Option<bool>,
    },
}

impl Presence {
    pub(super) fn fingerprint(&self) -> Option<&Fingerprint> {
        match self {
            Self::Absent => None,
            Self::Intended(fingerprint) | Self::There { fingerprint, .. } => Some(fingerprint),
        }
    }

    pub(super) fn uid(&self) -> Option<&str> {
        match self {
            Self::There { uid, .. } => Some(uid),
            _ => None,
        }
    }

    pub(super) fn sends(&self) -> bool {
        matches!(self, Self::There { enabled: Some(true), .. })
    }

    /// For people.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Intended(_) => "intended",
            Self::There { enabled: Some(true), .. } => "enabled",
            Self::There { enabled: Some(false), .. } => "disabled",
            Self::There { enabled: None, .. } => "unknown",
        }
    }
}

impl From<OutputRecord> for Presence {
    fn from(record: OutputRecord) -> Self {
        let OutputRecord { fingerprint, uid, enabled, .. } = record;
        match uid {
            // It was written down before it was done: that it does not send is certain, that it does is hoped.
            Some(uid) => Self::There { fingerprint, uid, enabled: Some(enabled) },
            None => Self::Intended(fingerprint),
        }
    }
}

/// What is to become of an output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Goal {
    /// It sends there.
    On(Fingerprint),
    /// It does not send, and is kept for the next time.
    Off,
    /// It is not there.
    Gone,
}

/// The next step towards a goal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The outputs are listed: it is not known what there is.
    Look,
    /// It is created, sending.
    Create,
    /// It is told to send.
    Enable(Box<str>),
    /// It is told not to send.
    Disable(Box<str>),
    /// It is deleted.
    Delete(Box<str>),
    /// A second one to the same place is deleted: its creation was held for lost.
    DeleteStray(Box<str>),
    /// The record of what is not there is deleted.
    Forget,
}

impl Step {
    /// What its call is worth; none where there is none.
    pub(super) const fn priority(&self) -> Option<Priority> {
        match self {
            Self::Create | Self::Enable(_) => Some(Priority::Start),
            Self::Disable(_) | Self::Delete(_) | Self::DeleteStray(_) => Some(Priority::Stop),
            // The list is one call for all outputs.
            Self::Look | Self::Forget => None,
        }
    }
}

impl Goal {
    /// The next step from what is known; none when nothing is left to do. `looked` says that an output that was
    /// intended is not among those listed since.
    pub(super) fn step(
        &self,
        presence: &Presence,
        strays: &[Box<str>],
        looked: bool,
    ) -> Option<Step> {
        let towards = match (self, presence) {
            (_, Presence::Intended(_)) if !looked => Some(Step::Look),
            (Self::On(wanted), Presence::Intended(intended)) if intended != wanted => {
                Some(Step::Forget)
            }
            (Self::On(_), Presence::Absent | Presence::Intended(_)) => Some(Step::Create),
            (_, Presence::Intended(_)) => Some(Step::Forget),
            (Self::On(wanted), Presence::There { fingerprint, uid, enabled }) => {
                if fingerprint != wanted {
                    Some(Step::Delete(uid.clone()))
                } else if *enabled == Some(true) {
                    None
                } else {
                    Some(Step::Enable(uid.clone()))
                }
            }
            (Self::Off, Presence::There { enabled: Some(false), .. })
            | (Self::Off | Self::Gone, Presence::Absent) => None,
            (Self::Off, Presence::There { uid, .. }) => Some(Step::Disable(uid.clone())),
            (Self::Gone, Presence::There { uid, .. }) => Some(Step::Delete(uid.clone())),
        };
        towards.or_else(|| strays.first().cloned().map(Step::DeleteStray))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there(fingerprint: &str, enabled: Option<bool>) -> Presence {
        Presence::There { fingerprint: fingerprint.into(), uid: "o1".into(), enabled }
    }

    fn step(goal: &Goal, presence: &Presence, looked: bool) -> Option<Step> {
        goal.step(presence, &[], looked)
    }

    #[test]
    fn what_may_have_been_created_is_looked_for_before_anything_else() {
        let intended = Presence::Intended("a".into());
        for goal in [Goal::On("a".into()), Goal::On("b".into()), Goal::Off, Goal::Gone] {
            assert_eq!(step(&goal, &intended, false), Some(Step::Look), "{goal:?}");
        }
        assert_eq!(step(&Goal::On("a".into()), &intended, true), Some(Step::Create));
        assert_eq!(step(&Goal::On("b".into()), &intended, true), Some(Step::Forget));
        assert_eq!(step(&Goal::Off, &intended, true), Some(Step::Forget));
        assert_eq!(step(&Goal::Gone, &intended, true), Some(Step::Forget));
    }

    #[test]
    fn an_output_is_used_again_unless_its_key_has_changed() {
        let on = Goal::On("a".into());
        assert_eq!(step(&on, &Presence::Absent, false), Some(Step::Create));
        assert_eq!(step(&on, &there("a", Some(false)), false), Some(Step::Enable("o1".into())));
        assert_eq!(step(&on, &there("a", None), false), Some(Step::Enable("o1".into())));
        assert_eq!(step(&on, &there("a", Some(true)), false), None);
        assert_eq!(step(&on, &there("b", Some(true)), false), Some(Step::Delete("o1".into())));
    }

    #[test]
    fn a_stop_keeps_the_output_and_is_certain() {
        assert_eq!(step(&Goal::Off, &there("a", Some(false)), false), None);
        for enabled in [None, Some(true)] {
            let next = step(&Goal::Off, &there("a", enabled), false);
            assert_eq!(next, Some(Step::Disable("o1".into())));
        }
        let gone = step(&Goal::Gone, &there("a", Some(false)), false);
        assert_eq!(gone, Some(Step::Delete("o1".into())));
    }

    #[test]
    fn a_second_output_to_the_same_place_goes_when_the_first_is_as_it_should_be() {
        let strays = ["o2".into()];
        let off = Goal::Off.step(&there("a", Some(true)), &strays, false);
        assert_eq!(off, Some(Step::Disable("o1".into())));
        for (goal, presence) in [
            (Goal::On("a".into()), there("a", Some(true))),
            (Goal::Off, there("a", Some(false))),
            (Goal::Gone, Presence::Absent),
        ] {
            let next = goal.step(&presence, &strays, false);
            assert_eq!(next, Some(Step::DeleteStray("o2".into())), "{goal:?}");
        }
    }

    #[test]
    fn a_fingerprint_tells_destinations_apart_and_hides_the_key() {
        let of = |url: &str, key: &str| fingerprint(url, &key.into());
        assert_eq!(of("rtmp://x", "secret").len(), 64);
        assert_eq!(of("rtmp://x", "secret"), of("rtmp://x", "secret"));
        assert_ne!(of("rtmp://x", "secret"), of("rtmp://x", "secre"));
        assert_ne!(of("rtmp://xs", "ecret"), of("rtmp://x", "secret"));
    }
}
