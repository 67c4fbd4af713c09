//! A change of the PIN: the old one evaluated once more, or the platform authenticator for a forgotten one.

use akkoord_protocols::phone::{
    call::{Empty, EvaluatePin, PinChangeFinish, PinChangeStarted},
    pin::{self, Evaluation},
};

use super::{Phone, PhoneError};
use crate::pin_entry::{NewPin, Stretched, Unlocking};

impl Phone {
    /// Changes the PIN. `old` is the old PIN, or the platform authenticator where the old one is forgotten.
    pub async fn change_pin(&self, old: &Unlocking<'_>, new: &str) -> Result<(), PhoneError> {
        pin::check_choice(new, self.account().policy.pin_min)?;
        let pin = NewPin::new()?;
        let stretched = Stretched::of(new, pin.salt()).await?;
        self.change_pin_to(old, pin, stretched).await
    }

    /// The same with a new PIN that was stretched before.
    pub async fn change_stretched_pin(&self, old: &Unlocking<'_>, new: Stretched) -> Result<(), PhoneError> {
        self.change_pin_to(old, NewPin::new()?, new).await
    }

    async fn change_pin_to(&self, old: &Unlocking<'_>, pin: NewPin, new: Stretched) -> Result<(), PhoneError> {
        let PinChangeStarted { change, .. } = self.post("pin/change/start", &Empty {}).await?;
        let hash = pin::change_hash(change.as_str(), pin.key.public());
        let evidence = match old {
            Unlocking::Platform => self.platform_evidence(&hash)?,
            Unlocking::Pin(_) | Unlocking::Stretched(_) => {
                let (key, _) = self.unwrap_pin_key(&change, old).await?;
                self.pin_evidence(&key, &hash)?
            }
        };
        let account = self.account();
        let blinding = new.blind()?;
        let body = EvaluatePin { request: change.clone(), blinded: blinding.blinded, new: true };
        let answer = self.evaluate_pin(&body).await?;
        let evaluation = Evaluation { evaluated: answer.evaluated, proof: answer.proof };
        let y = blinding.finish(&evaluation, &account.voprf)?;
        let record = pin.wrap(&y, account.phone.as_str())?;
        // Stored before it is sent: if the answer is lost, the next use of the PIN finds out which record holds.
        self.update(|account| account.next_pin = Some(record))?;
        let body = PinChangeFinish { change, new: pin.key.public().jwk(), evidence };
        let finished: Result<Empty, PhoneError> = self.post("pin/change/finish", &body).await;
        match finished {
            Ok(_) => self.update(|account| account.pin = account.next_pin.take()),
            Err(PhoneError::Call(error)) if error.is_lost() => Err(error.into()),
            Err(error) => {
                self.update(|account| account.next_pin = None)?;
                Err(error)
            }
        }
    }

    /// After a change whose answer was lost: the record that just made a good decision stays, the other goes.
    pub(super) fn settle_pin(&self, holds: PinHolds) -> Result<(), PhoneError> {
        if self.account().next_pin.is_none() {
            return Ok(());
        }
        self.update(|account| match holds {
            PinHolds::New => account.pin = account.next_pin.take(),
            PinHolds::Old => account.next_pin = None,
        })
    }
}

/// Which record of the PIN holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PinHolds {
    /// The one of the change.
    New,
    /// The one from before.
    Old,
}

impl PinHolds {
    /// The other one.
    pub(super) fn other(self) -> Self {
        match self {
            Self::New => Self::Old,
            Self::Old => Self::New,
        }
    }
}
