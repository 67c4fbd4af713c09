//! The page that leads through setting an account up. Nothing of it is stored: what is done shows in what there is.

use akkoord_core::session::{Change, Standing};
use akkoord_store::StoreError;
use axum::{extract::State, response::Response};

use super::account;
use crate::{
    app::App,
    http::{error::PageError, page::Page},
    use_cases::{approval, session},
    views::setup::Setup,
};

/// `GET /account/setup`
pub async fn show_setup(State(app): State<App>, page: Page) -> Result<Response, PageError> {
    let session = page.signed_in()?;
    let id = session.account.id.clone();
    let read = app.store.read(move |tx| {
        Box::pin(async move {
            let typed = tx.password(&id).await?.is_some() && !tx.code_generators_of(&id).await?.is_empty();
            let paper = tx.recovery_codes_of(&id).await?.iter().any(|code| code.used_at.is_none());
            let key = !tx.credentials_of(&id).await?.is_empty();
            Ok::<_, StoreError>((tx.phones_of(&id).await?, typed || paper || key))
        })
    });
    let (phones, other_way) = read.await?;
    let phones = approval::answering_phones(&phones, &session.policy).len();
    let can_add_phone = session::is_left_to_person(&app, session, Change::AddPhone).await?;
    page.show(&Setup {
        frame: page.frame(),
        username: &session.account.username,
        phone: phones > 0,
        second_way: other_way || phones > 1,
        warning: account::warning_of(session, can_add_phone).filter(|_| phones == 0),
        can_manage: session.standing() != Standing::SetUp,
        can_add_phone,
        managed: !session.policy.security_info,
    })
}
