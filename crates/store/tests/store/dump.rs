//! What somebody finds who has a copy of the database and not the root key.

use akkoord_core::{
    ids::{AccessPassId, JobId},
    secret::Token,
};
use akkoord_store::{
    Answered, Claimed, Database, Lane, NewAccessPass, NewApproval, NewBrowser, NewJob, NewServerKey, NewSession,
    NewSignIn, Place, Proved, Purpose, PushSubscription,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use tokio_postgres::{NoTls, SimpleQueryMessage};

use super::world;
use crate::fixtures::{Counted, NOW, World, at, hex, new_approval, new_session, notice_link, numbers};

/// Everything of the database, as whoever copied it has it: the bytes of the files, or each row as text.
async fn dump(world: World) -> Vec<u8> {
    world.store.close().await;
    match &world.empty.database {
        Database::Sqlite { path } => {
            let mut bytes = Vec::new();
            for file in std::fs::read_dir(path.parent().unwrap()).unwrap() {
                bytes.extend(std::fs::read(file.unwrap().path()).unwrap());
            }
            bytes
        }
        Database::Postgres { url } => {
            let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
            tokio::spawn(connection);
            let sql = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()";
            let tables: Vec<String> = client.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
            assert!(tables.len() > 15, "{tables:?}");
            let mut text = String::new();
            for table in tables {
                for message in client.simple_query(&format!("SELECT * FROM {table}")).await.unwrap() {
                    let SimpleQueryMessage::Row(row) = message else { continue };
                    for index in 0..row.len() {
                        text.push_str(row.get(index).unwrap_or(""));
                        text.push('\n');
                    }
                }
            }
            text.into_bytes()
        }
    }
}

fn contains(dump: &[u8], secret: &[u8]) -> bool {
    dump.windows(secret.len()).any(|window| window == secret)
}

/// T-DB-1.
#[tokio::test]
async fn t_db_1_a_copy_of_the_database_gives_no_secret_away() {
    let Some(world) = world().await else { return };
    let mut secrets: Vec<Vec<u8>> = Vec::new();
    let mut plant = |name: &str| {
        let secret = format!("planted secret of {name}").into_bytes();
        secrets.push(secret.clone());
        secret
    };
    let account = world.account().await;
    let phone = world.phone(&account).await;
    let seal = world.store.seal();
    let tokens: Vec<Token> = (0..7).map(|_| Token::new(&Counted)).collect();

    let mut new_phone = world.new_phone(&account);
    let id = new_phone.id.to_string();
    new_phone.oprf_key = seal.seal(Place::PhoneOprfKey, &id, &plant("the phone's PIN hardening key"));
    new_phone.code_secret = Some(seal.seal(Place::PhoneCodeSecret, &id, &plant("the verification codes")));
    let subscription = PushSubscription {
        endpoint_mac: "a MAC".to_owned(),
        sealed: seal.seal(Place::PushSubscription, phone.as_str(), &plant("the push endpoint")),
    };
    let subscribed = phone.clone();
    let request = world.pending(&account, &[&phone]).await;
    let evidence = seal.seal(Place::ApprovalEvidence, request.id.as_str(), &plant("the evidence"));
    let answered = Answered { evidence: Some(evidence), ..request.answered(&phone) };
    let job_id = JobId::new(&Counted);
    let job = NewJob {
        kind: "mail".to_owned(),
        lane: Lane::Rest,
        subject: None,
        payload: seal.seal(Place::JobPayload, job_id.as_str(), &plant("a mail")),
        run_at: NOW,
        created_at: NOW,
        id: job_id,
    };
    let server_key = NewServerKey {
        kid: "kid".to_owned(),
        public_key: "{}".to_owned(),
        private_key: seal.seal(Place::ServerPrivateKey, "kid", &plant("the signing key")),
        roll: None,
        created_at: NOW,
        current_from: NOW,
    };
    let code = plant("the typed code");
    let mut enrolment = world.new_enrolment(&account);
    let id = enrolment.id.to_string();
    enrolment.token_hash = tokens[0].hash();
    enrolment.code_mac =
        URL_SAFE_NO_PAD.encode(seal.mac(Purpose::EnrolmentCode, &[account.as_str().as_bytes(), &code]));
    enrolment.server_nonce = seal.seal(Place::EnrolmentServerNonce, &id, &plant("the server's nonce"));
    enrolment.oprf_key = seal.seal(Place::EnrolmentOprfKey, &id, &plant("the new phone's PIN hardening key"));
    let claimed = Claimed {
        commitment: "commitment".to_owned(),
        claim_hash: tokens[1].hash(),
        claim_answer: seal.seal(Place::EnrolmentClaimAnswer, &id, &plant("the claim's answer")),
        offer_hash: "hash".to_owned(),
        offer_kid: "kid".to_owned(),
        webauthn: Some(seal.seal(Place::EnrolmentWebauthn, &id, &plant("the registration"))),
        typed_code: false,
        expires_at: at(600),
    };
    let proved = Proved {
        digits: seal.seal(Place::EnrolmentDigits, &id, &plant("the six digits")),
        enrol_hash: "hash".to_owned(),
        proved: seal.seal(Place::EnrolmentProved, &id, &plant("what was proved")),
        phone_key: "device key".to_owned(),
        phone_name: "Phone".to_owned(),
        phone_platform: "android".to_owned(),
        expires_at: at(900),
    };
    let browser = NewBrowser {
        id: akkoord_core::ids::BrowserId::new(&Counted),
        token_hash: tokens[2].hash(),
        account_id: account.clone(),
        browser: "Firefox".to_owned(),
        now: NOW,
    };
    let session = NewSession { token_hash: tokens[3].hash(), ..new_session(&account) };
    let second = NewApproval { flow_hash: tokens[4].hash(), ..new_approval(Some(&account), &tokens[4].hash()) };
    let link = tokens[5].hash();
    let sign_in = NewSignIn {
        id: akkoord_core::ids::SignInId::new(&Counted),
        flow_hash: tokens[6].hash(),
        username: "ada".to_owned(),
        account_id: Some(account.clone()),
        organisation_id: None,
        purpose: "session".to_owned(),
        return_to: None,
        proved: "[]".to_owned(),
        chosen: None,
        approval_id: None,
        known_browser_at: None,
        created_at: NOW,
        expires_at: at(900),
    };
    let pass = NewAccessPass {
        id: AccessPassId::new(&Counted),
        account_id: account.clone(),
        hash: "$argon2id$planted hash".to_owned(),
        created_at: NOW,
        created_by: "operator".to_owned(),
        expires_at: at(3600),
    };
    world
        .write(move |tx| {
            Box::pin(async move {
                tx.add_phone(&new_phone).await?;
                assert!(tx.set_push_subscription(&subscribed, &subscription, NOW).await?);
                assert!(tx.approve_approval(&answered, at(1), at(61)).await?);
                tx.add_job(&job).await?;
                tx.add_server_key(&server_key).await?;
                assert!(tx.add_enrolment(&enrolment).await?);
                assert!(tx.claim_enrolment(&enrolment.id, at(1), &claimed).await?);
                assert!(tx.prove_enrolment(&enrolment.id, at(2), &proved).await?);
                tx.remember_browser(&browser).await?;
                tx.add_session(&session).await?;
                tx.place_approval(&second, &numbers()).await?;
                tx.add_notice_link(&link, &notice_link(&account, at(3600))).await?;
                tx.add_sign_in(&sign_in).await?;
                tx.add_access_pass(&pass).await
            })
        })
        .await;

    secrets.extend(tokens.iter().map(|token| token.expose().to_vec()));
    // The root key of the tests, as it would stand in a file.
    secrets.push(vec![7; 32]);
    let dump = dump(world).await;
    assert!(contains(&dump, b"$argon2id$planted hash"), "the search finds what is there");
    assert!(contains(&dump, tokens[3].hash().to_text().as_bytes()), "the search finds what is there");
    for secret in secrets {
        let name = String::from_utf8_lossy(&secret).into_owned();
        assert!(!contains(&dump, &secret), "{name}: as bytes");
        assert!(!contains(&dump, hex(&secret).as_bytes()), "{name}: in hexadecimal");
        assert!(!contains(&dump, URL_SAFE_NO_PAD.encode(&secret).as_bytes()), "{name}: in base64url");
    }
}
