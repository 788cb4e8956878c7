//! Which vCPUs an engine has, and when none of them can be in old code any more.
//!
//! Code that has been taken out of the tables may still be executing on other vCPUs, and host frames may still return to
//! it. Its memory is used again only after a *round*: every vCPU has been in its outermost run loop, where there are no
//! such frames, since the code was taken out.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use demotic_ir::Kicker;

use super::lock;

/// A vCPU as its engine knows it.
#[derive(Debug)]
pub(crate) struct Member {
    kicker: Kicker,
    /// The last round that it has taken part in.
    passed: AtomicU64,
}

/// All vCPUs of an engine.
#[derive(Default, Debug)]
pub(super) struct Vcpus {
    members: Mutex<Vec<Arc<Member>>>,
    /// The number of the last round that was asked for.
    round: AtomicU64,
}

impl Vcpus {
    /// Adds a vCPU, which is not in translated code.
    pub(super) fn add(&self, kicker: Kicker) -> Arc<Member> {
        let mut members = lock(&self.members);
        let member = Arc::new(Member { kicker, passed: AtomicU64::new(self.round.load(Ordering::SeqCst)) });
        members.push(member.clone());
        member
    }

    /// Removes a vCPU that runs no more.
    pub(super) fn remove(&self, member: &Arc<Member>) {
        lock(&self.members).retain(|other| !Arc::ptr_eq(other, member));
    }

    /// The list, for who forks.
    pub(super) fn hold(&self) -> MutexGuard<'_, Vec<Arc<Member>>> {
        lock(&self.members)
    }

    /// Whether there is only one vCPU.
    pub(super) fn is_one(&self) -> bool {
        lock(&self.members).len() <= 1
    }

    /// Asks the vCPUs other than `member` for attention.
    pub(super) fn kick_others(&self, member: &Arc<Member>) {
        let members = lock(&self.members);
        members.iter().filter(|other| !Arc::ptr_eq(other, member)).for_each(|other| other.kicker.kick());
    }

    /// Asks for a round.
    pub(super) fn begin_round(&self) {
        let members = lock(&self.members);
        self.round.fetch_add(1, Ordering::SeqCst);
        members.iter().for_each(|member| member.kicker.kick());
    }

    /// Whether every vCPU has taken part in the last round.
    pub(super) fn round_is_over(&self) -> bool {
        let round = self.round.load(Ordering::SeqCst);
        lock(&self.members).iter().all(|member| member.passed.load(Ordering::SeqCst) >= round)
    }

    /// Whether a vCPU has yet to take part in the last round.
    pub(super) fn awaits(&self, member: &Member) -> bool {
        member.passed.load(Ordering::Relaxed) != self.round.load(Ordering::Relaxed)
    }

    /// A vCPU is in its outermost run loop.
    pub(super) fn pass(&self, member: &Member) {
        member.passed.store(self.round.load(Ordering::SeqCst), Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kicker() -> Kicker {
        Kicker::new(Box::leak(Box::new(AtomicU64::new(0))))
    }

    #[test]
    fn a_round_is_over_when_all_have_passed() {
        let vcpus = Vcpus::default();
        let (a, b) = (vcpus.add(kicker()), vcpus.add(kicker()));
        assert!(vcpus.round_is_over() && !vcpus.is_one());
        vcpus.begin_round();
        vcpus.pass(&a);
        assert!(!vcpus.round_is_over() && vcpus.awaits(&b));
        let c = vcpus.add(kicker());
        assert!(!vcpus.awaits(&c));
        vcpus.remove(&b);
        assert!(vcpus.round_is_over());
    }
}
