//! What holds an account's phone sign-in back, as operators read it.

use akkoord_core::{
    Ctx,
    budget::{Holds, LOOK_BACK, Reason},
};
use akkoord_store::{AccountRow, PhoneRow, StoreError, Tx};
use serde_json::{Value, json};

use super::output::{instant_or_null, moment};
use crate::use_cases::budget;

/// What holds an account back now.
pub(super) async fn of_account(
    tx: &mut Tx,
    ctx: &Ctx,
    account: &AccountRow,
    phones: &[PhoneRow],
) -> Result<Holds, StoreError> {
    let past = tx.past_requests(&account.id, ctx.now - LOOK_BACK).await?;
    Ok(budget::holds(ctx, account, phones, &past))
}

/// For programs: nothing, or why and until when; a lock has no end but a beginning.
pub(super) fn document(holds: &Holds) -> Value {
    match holds.worst() {
        None => Value::Null,
        Some((reason, until)) => json!({
            "reason": reason.as_str(),
            "since": instant_or_null(holds.locked_at),
            "until": instant_or_null(until),
        }),
    }
}

/// For people.
pub(super) fn text(holds: &Holds) -> Option<String> {
    let (reason, until) = holds.worst()?;
    let what = match reason {
        Reason::Locked => "phone sign-in locked after wrong numbers",
        Reason::WrongNumbers => "paused after wrong numbers",
        Reason::Reported => "unknown browsers don't ring after a report",
        Reason::Denied | Reason::Budget => "unknown browsers don't ring after a denial",
    };
    let end = match (until, holds.locked_at) {
        (Some(until), _) => format!(" until {}", moment(until)),
        (None, Some(since)) => format!(" since {}", moment(since)),
        (None, None) => String::new(),
    };
    Some(format!("{what}{end}"))
}

#[cfg(test)]
mod tests {
    use akkoord_core::Timestamp;

    use super::*;

    /// 23 November 2026, 11:40 UTC.
    const AT: Option<Timestamp> = Some(Timestamp(1_795_434_000_000));

    #[test]
    fn a_hold_is_told_with_its_reason_and_its_end_and_a_lock_with_its_beginning() {
        let none = Holds::default();
        assert_eq!((text(&none), document(&none)), (None, Value::Null));
        for (holds, reason, words) in [
            (Holds { denied_until: AT, ..none }, "denied", "unknown browsers don't ring after a denial until"),
            (Holds { reported_until: AT, ..none }, "reported", "unknown browsers don't ring after a report until"),
            (Holds { wrong_numbers_until: AT, ..none }, "wrong_numbers", "paused after wrong numbers until"),
        ] {
            assert_eq!(text(&holds).unwrap(), format!("{words} 2026-11-23 11:40 UTC"));
            let expected = json!({ "reason": reason, "since": null, "until": "2026-11-23T11:40:00Z" });
            assert_eq!(document(&holds), expected);
        }
        let locked = Holds { locked_at: AT, denied_until: AT, ..none };
        assert_eq!(text(&locked).unwrap(), "phone sign-in locked after wrong numbers since 2026-11-23 11:40 UTC");
        let expected = json!({ "reason": "locked", "since": "2026-11-23T11:40:00Z", "until": null });
        assert_eq!(document(&locked), expected);
    }
}
