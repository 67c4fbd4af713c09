//! One's own account: who I am, my phones, recent sign-ins, signing out.

use akkoord_core::{
    approval::State as RequestState,
    ids::PhoneId,
    session::{Assurance, Change, Standing},
    sign_in::{Proof, Proved, TwoStep},
};
use akkoord_protocols::text::{self, Name};
use akkoord_store::{
    ApprovalRow, CodeGeneratorRow, CredentialRow, PhoneRow as StoredPhone, RememberedBrowserRow, SessionRow, StoreError,
};
use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use serde::Deserialize;

use super::{destination::Destination, methods::changes, recovery_codes::codes_left, sign_in::Nothing};
use crate::{
    app::App,
    http::{
        cookies::Cookie,
        error::PageError,
        form::Form,
        page::{Page, add_cookie, see_other},
    },
    use_cases::{
        account::corrupt,
        approval, credential, history, phone, remembered,
        session::{self, CurrentSession},
        sign_in,
    },
    views::{
        account::{
            Account, AccountKind, Generator, Methods, Notice, PhoneRow, RememberedBrowser, RemovePhone, Second,
            SignInOutcome, SignInRow, SignedInHow, Warning,
        },
        credential::Credential,
        sign_in::SignedOut,
    },
};

/// Sign-ins on the account page.
const RECENT: i64 = 20;

/// What just happened, named by the address that a form was answered with. It names a phone by its id, and the phone's
/// name is looked up: no text of an address ever stands on a page.
#[derive(Deserialize)]
pub struct Happened {
    #[serde(default)]
    notice: String,
    #[serde(default)]
    phone: String,
}

fn generator(row: &CodeGeneratorRow) -> Generator<'_> {
    let CodeGeneratorRow { id, name, created_at, last_used_at } = row;
    Generator { id: id.as_str(), name, added_at: *created_at, last_used_at: *last_used_at }
}

fn key(row: &CredentialRow) -> Result<Credential<'_>, StoreError> {
    Ok(Credential {
        id: row.id.as_str(),
        name: &row.name,
        kind: credential::kind_of(row.kind),
        backed_up: credential::stored(row)?.is_backed_up(),
        added_at: row.created_at,
        last_used_at: row.last_used_at,
    })
}

fn remembered_browser(row: &RememberedBrowserRow) -> RememberedBrowser<'_> {
    RememberedBrowser { browser: &row.browser, since: row.created_at, until: row.expires_at }
}

fn phone_row(row: &StoredPhone, session: &CurrentSession) -> PhoneRow {
    PhoneRow {
        id: row.id.to_string(),
        name: row.name.clone(),
        platform: row.platform.clone(),
        added_at: row.created_at.0,
        last_used_at: row.last_used_at.map(|at| at.0),
        phone_sign_in: row.phone_sign_in_at.is_some(),
        this_session: session.row.phone_id.as_ref() == Some(&row.id),
        locked: row.pin_left == 0,
    }
}

fn sign_in_row(page: &Page, row: &ApprovalRow, phones: &[StoredPhone]) -> Result<SignInRow, PageError> {
    let context: akkoord_protocols::phone::request::Context =
        serde_json::from_str(&row.context).map_err(|error| PageError::Internal(error.to_string()))?;
    let outcome = match approval::state(row, page.now)? {
        _ if row.reported_at.is_some() => SignInOutcome::Reported,
        RequestState::Pending | RequestState::Approved => SignInOutcome::Waiting,
        RequestState::Consumed => SignInOutcome::Approved,
        RequestState::Denied => SignInOutcome::Denied,
        RequestState::Reported => SignInOutcome::Reported,
        RequestState::Mismatch => SignInOutcome::WrongNumber,
        RequestState::Expired => SignInOutcome::NoAnswer,
        RequestState::Cancelled | RequestState::Superseded => SignInOutcome::Cancelled,
        RequestState::Revoked => SignInOutcome::Blocked,
    };
    let place = context.net.map(String::from).or_else(|| context.ip.map(String::from));
    Ok(SignInRow {
        at: row.created_at.0,
        app: row.client_name.clone(),
        browser: context.browser.map(String::from).unwrap_or_default(),
        place_or_ip: place.unwrap_or_default(),
        outcome,
        phone: phones.iter().find(|phone| Some(&phone.id) == row.phone_id.as_ref()).map(|phone| phone.name.clone()),
    })
}

/// What the person should know of a session that was begun by less than two steps, and can do about it: adding a phone.
pub fn warning_of(session: &CurrentSession, can_add_phone: bool) -> Option<Warning> {
    match session.assurance {
        Assurance::TwoFactor | Assurance::PhishingResistant => None,
        Assurance::OneFactor | Assurance::Bootstrap if !can_add_phone => None,
        Assurance::OneFactor => (session.two_step == TwoStep::Off).then_some(Warning::PasswordAlone),
        Assurance::Bootstrap if session.row.proved.contains(Proof::RecoveryCode.as_str()) => {
            Some(Warning::RecoveryCodeUsed)
        }
        Assurance::Bootstrap if session.row.proved.starts_with(Proof::Password.as_str()) => Some(Warning::SetUpNow),
        Assurance::Bootstrap => Some(Warning::AccessPassRunsOut),
    }
}

fn without_phone(app: &App, row: &SessionRow) -> Result<SignInRow, StoreError> {
    let proved: Proved = row.proved.parse().map_err(|_| corrupt("sessions", "proved", row.id.as_str()))?;
    let outcome = if proved.has(Proof::RecoveryCode) {
        SignInOutcome::RecoveryCode
    } else if proved.has(Proof::AccessPass) {
        SignInOutcome::AccessPass
    } else if proved.has(Proof::Passkey) {
        SignInOutcome::Passkey
    } else {
        SignInOutcome::Password
    };
    let network = row.address.parse().ok().and_then(|address| app.config.network_of(address));
    Ok(SignInRow {
        at: row.authenticated_at.0,
        app: app.config.name.clone(),
        browser: row.browser.clone(),
        place_or_ip: network.map_or_else(|| row.address.clone(), str::to_owned),
        outcome,
        phone: None,
    })
}

/// `GET /account`
pub async fn show_account(
    State(app): State<App>,
    page: Page,
    Query(happened): Query<Happened>,
) -> Result<Response, PageError> {
    let session = page.signed_in()?;
    let history::Recent { requests: rows, phones: all, sessions } =
        history::recent(&app, &session.account.id, RECENT).await?;
    let account = session.account.clone();
    let read = app.store.read(move |tx| {
        Box::pin(async move {
            let (id, second_step) = (&account.id, sign_in::second_step_of(tx, &account).await?);
            let generators = tx.code_generators_of(id).await?;
            Ok::<_, StoreError>((tx.password(id).await?, generators, tx.recovery_codes_of(id).await?, second_step))
        })
    });
    let (password, generators, recovery, second_step) = read.await?;
    let by_recovery_code = session.row.proved.contains(Proof::RecoveryCode.as_str());
    let keys = credential::all(&app, &session.account.id).await?;
    let by_password = session.row.proved.starts_with(Proof::Password.as_str());
    let can_manage = session.standing() != Standing::SetUp && session.policy.security_info;
    let can_add_phone = session::is_left_to_person(&app, session, Change::AddPhone).await?;
    let remembered = remembered::of_account(&app, &page.ctx(), &session.account.id, &session.policy).await?;
    if by_password
        && session.standing() != Standing::SetUp
        && password.as_ref().is_some_and(|row| row.must_change_at.is_some())
    {
        return Ok(see_other(Destination::Password.path()));
    }
    let second = second_step.methods();
    let phones: Vec<&StoredPhone> = all.iter().filter(|phone| phone.revoked_at.is_none()).collect();
    let named = |id: &str| all.iter().find(|phone| phone.id.as_str() == id).map(|phone| phone.name.clone());
    let notice = match (happened.notice.as_str(), named(&happened.phone)) {
        ("phone-added", Some(name)) => Some(Notice::PhoneAdded(name)),
        ("phone-removed", Some(name)) => Some(Notice::PhoneRemoved(name)),
        ("phone-renamed", Some(name)) => Some(Notice::PhoneRenamed(name)),
        ("name-refused", _) => Some(Notice::NameRefused),
        ("password-set", _) => Some(Notice::PasswordSet),
        ("password-changed", _) => Some(Notice::PasswordChanged),
        ("signed-out-elsewhere", _) => Some(Notice::SignedOutElsewhere),
        ("password-removed", _) => Some(Notice::PasswordRemoved),
        ("codes-added", _) => Some(Notice::CodesAdded),
        ("codes-removed", _) => Some(Notice::CodesRemoved),
        ("passkey-added", _) => Some(Notice::PasskeyAdded),
        ("security-key-added", _) => Some(Notice::SecurityKeyAdded),
        ("key-renamed", _) => Some(Notice::KeyRenamed),
        ("key-removed", _) => Some(Notice::KeyRemoved),
        ("recovery-codes-made", _) => Some(Notice::RecoveryCodesMade),
        ("browsers-forgotten", _) => Some(Notice::BrowsersForgotten),
        ("two-step-off", _) => Some(Notice::TwoStepOff),
        ("two-step-on", _) => Some(Notice::TwoStepOn),
        ("default-chosen", _) => Some(Notice::DefaultChosen),
        ("asks-each-time", _) => Some(Notice::AsksEachTime),
        ("recovery-codes-removed", _) => Some(Notice::RecoveryCodesRemoved),
        _ => None,
    };
    let mut warnings = Vec::new();
    if session.account.approval_locked_at.is_some() {
        warnings.push(Warning::PhoneSignInLocked);
    }
    let off = session.two_step == TwoStep::Off && password.is_some();
    if off && !second.is_empty() {
        warnings.push(Warning::TwoStepOff);
    } else {
        warnings.extend(warning_of(session, can_add_phone));
    }
    let code_and_password = password.is_some() && !generators.is_empty();
    let any_recovery = recovery.iter().any(|code| code.used_at.is_none());
    if session.policy.security_info
        && !off
        && phones.len() == 1
        && !code_and_password
        && !any_recovery
        && keys.is_empty()
    {
        warnings.push(Warning::OnlyOneMethod);
    }
    let mut sign_ins: Vec<SignInRow> = sessions.iter().map(|row| without_phone(&app, row)).collect::<Result<_, _>>()?;
    for row in rows.iter().filter(|row| row.operation != "practice") {
        sign_ins.push(sign_in_row(&page, row, &all)?);
    }
    sign_ins.sort_by_key(|row| std::cmp::Reverse(row.at));
    sign_ins.truncate(usize::try_from(RECENT).unwrap_or(usize::MAX));
    let by = session.row.phone_id.as_ref().and_then(|id| named(id.as_str()));
    page.show(&Account {
        frame: page.frame(),
        display_name: &session.account.name,
        username: &session.account.username,
        kind: if session.account.organisation_id.is_some() { AccountKind::Organisation } else { AccountKind::Personal },
        phones: phones.iter().map(|row| phone_row(row, session)).collect(),
        methods: Methods {
            password_set_at: password.map(|row| row.set_at),
            generators: generators.iter().map(generator).collect(),
            credentials: keys.iter().map(key).collect::<Result<_, StoreError>>()?,
            recovery: codes_left(&recovery),
            two_step_on: session.two_step != TwoStep::Off,
            two_step_free: !session.policy.two_step_required,
            second: second
                .iter()
                .map(|method| Second { method: *method, is_default: second_step.default == Some(*method) })
                .collect(),
            free_order: !session.policy.strongest_first,
        },
        stays_until: session.row.stays_at.map(|_| session.row.expires_at),
        remembered: remembered.iter().map(remembered_browser).collect(),
        sign_ins,
        notice,
        warnings,
        signed_in_how: match by {
            Some(phone) => SignedInHow::Phone(phone),
            None if by_recovery_code => SignedInHow::RecoveryCode,
            None if by_password => SignedInHow::Password,
            None if session.row.proved == Proof::Passkey.as_str() => SignedInHow::Passkey,
            None => SignedInHow::AccessPass,
        },
        signed_in_at: session.row.authenticated_at.0,
        can_manage,
        can_add_phone,
    })
}

/// `POST /account/sign-out`
pub async fn sign_out(State(app): State<App>, page: Page, _form: Form<Nothing>) -> Result<Response, PageError> {
    if let Some(session) = &page.session {
        let browser = Cookie::Browser.token(&page.headers);
        session::end(&app, &page.ctx(), session, browser.as_ref()).await?;
    }
    let mut response = see_other("/signed-out");
    add_cookie(&mut response, Cookie::Session.delete());
    add_cookie(&mut response, Cookie::Flow.delete());
    add_cookie(&mut response, Cookie::Form.delete());
    Ok(response)
}

/// `POST /account/sign-out-elsewhere`: needs no fresh proof, as it only takes away.
pub async fn sign_out_elsewhere(
    State(app): State<App>,
    page: Page,
    _form: Form<Nothing>,
) -> Result<Response, PageError> {
    session::end_others(&app, &page.ctx(), page.signed_in()?).await?;
    Ok(see_other("/account?notice=signed-out-elsewhere"))
}

/// `GET /signed-out`
pub async fn show_signed_out(page: Page) -> Result<Response, PageError> {
    page.show(&SignedOut { frame: page.frame() })
}

/// `POST /account/remembered/forget`: asks less of nobody, so that each session may do it.
pub async fn forget_browsers(State(app): State<App>, page: Page, _form: Form<Nothing>) -> Result<Response, PageError> {
    remembered::forget_all(&app, &page.ctx(), &page.signed_in()?.account.id).await?;
    Ok(see_other("/account?notice=browsers-forgotten"))
}

/// The session, if it may give a method another name: no proof is too old for that, but each step must have been made.
pub fn renames<'a>(page: &'a Page, reason: &str) -> Result<Result<&'a CurrentSession, Response>, PageError> {
    let session = page.signed_in()?;
    match session.standing() {
        Standing::Full => Ok(Ok(session)),
        Standing::SecondStepFirst => Ok(Err(see_other(&format!("/signin/fresh?reason={reason}")))),
        Standing::SetUp => Err(PageError::Forbidden),
    }
}

#[derive(Deserialize)]
pub struct NameForm {
    pub name: String,
}

/// `POST /account/phones/{id}/name`
pub async fn rename_phone(
    State(app): State<App>,
    page: Page,
    Path(id): Path<String>,
    form: Form<NameForm>,
) -> Result<Response, PageError> {
    let session = match renames(&page, "rename-phone")? {
        Ok(session) => session,
        Err(proof) => return Ok(proof),
    };
    let id: PhoneId = id.parse().map_err(|_| PageError::NotFound)?;
    let Ok(name) = text::compose(&form.0.name).parse::<Name>() else {
        return Ok(see_other("/account?notice=name-refused"));
    };
    if !phone::rename(&app, &page.ctx(), &id, &session.account.id, &name).await? {
        return Err(PageError::NotFound);
    }
    Ok(see_other(&format!("/account?notice=phone-renamed&phone={id}")))
}

async fn own_phone(app: &App, session: &CurrentSession, id: &str) -> Result<StoredPhone, PageError> {
    let id: PhoneId = id.parse().map_err(|_| PageError::NotFound)?;
    let known = phone::find(app, &id).await?;
    let mine = known.filter(|known| known.account.id == session.account.id && known.row.revoked_at.is_none());
    mine.map(|known| known.row).ok_or(PageError::NotFound)
}

/// `GET /account/phones/{id}/remove`
pub async fn show_remove_phone(
    State(app): State<App>,
    page: Page,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let session = match changes(page.signed_in()?, "remove-phone")? {
        Ok(session) => session,
        Err(proof) => return Ok(proof),
    };
    let row = own_phone(&app, session, &id).await?;
    let (_, all) = history::of_account(&app, &session.account.id, None, 1).await?;
    let last_one = all.iter().filter(|phone| phone.revoked_at.is_none()).count() == 1;
    page.show(&RemovePhone {
        frame: page.frame(),
        username: &session.account.username,
        phone: phone_row(&row, session),
        last_one,
    })
}

/// `POST /account/phones/{id}/remove`
pub async fn remove_phone(
    State(app): State<App>,
    page: Page,
    Path(id): Path<String>,
    _form: Form<Nothing>,
) -> Result<Response, PageError> {
    let session = match changes(page.signed_in()?, "remove-phone")? {
        Ok(session) => session,
        Err(proof) => return Ok(proof),
    };
    let row = own_phone(&app, session, &id).await?;
    phone::remove(&app, &page.ctx(), &row.id, Some(&session.account.id), phone::Removal::Person).await?;
    // A session that this phone let in has ended with it; the page then asks for a sign-in.
    Ok(see_other(&format!("/account?notice=phone-removed&phone={}", row.id)))
}
