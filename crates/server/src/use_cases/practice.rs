//! "Try it now": a request through the real path that signs nobody in.

use akkoord_core::{
    Ctx,
    ids::{ApprovalId, SessionId},
    secret::{Token, TokenHash},
};
use akkoord_protocols::phone::request::Operation;
use akkoord_store::{Purpose, StoreError};

use super::{
    approval::{self, Asked, NotStored},
    session::CurrentSession,
    sign_in,
};
use crate::{app::App, http::client::Client};

/// What binds a practice request to the session that began it: no cookie is needed, as there is nothing to win.
pub fn flow_of(app: &App, session: &SessionId) -> TokenHash {
    let bytes = app.store.seal().mac(Purpose::FormKey, &[b"practice", session.as_str().as_bytes()]);
    Token::from_bytes(bytes).hash()
}

/// Starts a practice request; an older one of the session is superseded. `None` where no phone could answer, or none may.
pub async fn start(
    app: &App,
    ctx: &Ctx,
    session: &CurrentSession,
    client: &Client,
) -> Result<Option<ApprovalId>, StoreError> {
    let (account, flow) = (session.account.id.clone(), flow_of(app, &session.row.id));
    let read = app.store.read(move |tx| {
        Box::pin(
            async move { Ok::<_, StoreError>((tx.phones_of(&account).await?, tx.pending_numbers(&account).await?)) },
        )
    });
    let (phones, taken) = read.await?;
    let locked = session.account.approval_locked_at.is_some();
    if locked || approval::answering_phones(&phones, &session.policy).is_empty() {
        return Ok(None);
    }
    let of = &session.account;
    let asked = Asked::new(ctx, of.id.clone(), of.organisation_id.clone(), &phones, &session.policy);
    let context = approval::context(ctx, client, true);
    for _ in 0..approval::TRIES {
        let (operation, policy) = (Operation::Practice, &session.policy);
        let prepared = approval::prepare(app, ctx, &flow, operation, &asked, &context, policy, &taken)?;
        let (ctx, flow, account) = (ctx.clone(), flow.clone(), session.account.id.clone());
        let stored = app
            .store
            .write(move |tx| {
                Box::pin(async move {
                    // One session's practices have one flow, which an overdue one would keep.
                    let expired = tx.expire_approvals_of(&account, ctx.now).await?;
                    sign_in::all_settled(tx, &ctx, &expired).await?;
                    approval::store(tx, &ctx, prepared, Some(&flow)).await
                })
            })
            .await;
        let stored = match stored {
            Ok(stored) => stored,
            Err(NotStored::NumbersTaken) => continue,
            Err(NotStored::Store(error)) => return Err(error),
        };
        approval::announce(app, &stored);
        return Ok(Some(stored.id));
    }
    Err(approval::no_number())
}

/// The names of the phones that a request asks.
pub async fn phone_names(app: &App, id: &ApprovalId) -> Result<Vec<String>, StoreError> {
    let id = id.clone();
    app.store.read(move |tx| Box::pin(async move { tx.names_of_phones_asked(&id).await })).await
}
