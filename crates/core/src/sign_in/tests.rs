use std::fmt::Write as _;

use akkoord_protocols::phone::Unlock;

use super::*;

const TWO_STEP: [TwoStep; 3] = [TwoStep::Off, TwoStep::Wanted, TwoStep::On];

fn attempt() -> SignIn {
    SignIn::default()
}

fn proved(proofs: &[Proof]) -> Proved {
    proofs.iter().fold(Proved::default(), |proved, proof| proved.and(*proof))
}

/// Each thing that an account may have for the second step.
fn second_steps() -> Vec<SecondStep> {
    let has = [false, true];
    let each = move |two_step| {
        has.into_iter().flat_map(move |phone| {
            has.into_iter()
                .flat_map(move |code| has.map(|key| SecondStep { two_step, phone, code, key, ..SecondStep::default() }))
        })
    };
    TWO_STEP.into_iter().flat_map(each).collect()
}

#[test]
fn the_phone_comes_first_and_counts_as_both_steps() {
    assert_eq!(next_step(None), Step::AskUserName);
    assert_eq!(next_step(Some(&attempt())), Step::StartRequest);
    let waiting = SignIn { request: Some(State::Pending), ..attempt() };
    assert_eq!(next_step(Some(&waiting)), Step::AwaitPhone);
    let proved = SignIn { proved: Proof::Phone(Unlock::Pin).into(), ..waiting };
    assert_eq!(next_step(Some(&proved)), Step::Enough(Assurance::TwoFactor));
}

#[test]
fn an_access_pass_is_never_enough_for_more_than_setting_up() {
    for second in second_steps() {
        assert_eq!(enough(&Proof::AccessPass.into(), &second), Some(Assurance::Bootstrap));
    }
    assert!(Assurance::Bootstrap < Assurance::OneFactor && Assurance::OneFactor < Assurance::TwoFactor);
}

/// T-REC-1: setting up and nothing else, and the password as well where there is one.
#[test]
fn t_rec_1_a_recovery_code_is_for_setting_up_and_asks_for_the_password_too() {
    for second in second_steps() {
        let with_password = SecondStep { password: true, ..second };
        let code = Proved::from(Proof::RecoveryCode);
        assert_eq!(enough(&code, &second), Some(Assurance::Bootstrap), "there is no password");
        assert_eq!(enough(&code, &with_password), None);
        let both = proved(&[Proof::RecoveryCode, Proof::Password]);
        let without_second_step = second.two_step == TwoStep::Off;
        let wanted = if without_second_step { Assurance::OneFactor } else { Assurance::Bootstrap };
        assert_eq!(enough(&both, &with_password), Some(wanted));
        let attempt =
            SignIn { proved: code, chosen: Some(Method::Password), second: with_password, ..SignIn::default() };
        assert_eq!(next_step(Some(&attempt)), Step::AskPassword);
    }
}

#[test]
fn nothing_but_a_proof_is_enough() {
    for state in State::ALL {
        for chosen in [None].into_iter().chain(Method::ALL.map(Some)) {
            for second in second_steps() {
                let attempt = SignIn { request: Some(state), chosen, second, ..attempt() };
                assert!(!matches!(next_step(Some(&attempt)), Step::Enough(_)), "{attempt:?}");
            }
        }
    }
}

/// T-DOWN: no way around the second step.
#[test]
fn t_down_a_password_never_skips_the_second_step_of_an_account_that_has_one() {
    for second in second_steps().into_iter().filter(|second| second.two_step != TwoStep::Off) {
        let has_any = second.phone || second.code || second.key;
        let alone = enough(&Proof::Password.into(), &second);
        let set_up = second.two_step == TwoStep::Wanted && !has_any;
        assert_eq!(alone, set_up.then_some(Assurance::Bootstrap), "{second:?}");
        for chosen in [Method::Password, Method::Code] {
            let attempt = SignIn { proved: Proof::Password.into(), chosen: Some(chosen), second, ..attempt() };
            let wanted = match second {
                _ if set_up => Step::Enough(Assurance::Bootstrap),
                SecondStep { key: true, code, .. } if chosen == Method::Password || !code => Step::AskKey,
                SecondStep { code: true, .. } => Step::AskCode,
                SecondStep { phone: true, .. } => Step::StartRequest,
                _ => Step::TellNoSecondStep,
            };
            assert_eq!(next_step(Some(&attempt)), wanted, "{attempt:?}");
        }
    }
}

#[test]
fn after_a_password_the_strongest_way_is_offered_first_and_a_code_where_it_was_chosen() {
    let second = SecondStep {
        two_step: TwoStep::On,
        phone: true,
        code: true,
        key: true,
        password: true,
        ..SecondStep::default()
    };
    let next =
        |chosen| next_step(Some(&SignIn { proved: Proof::Password.into(), chosen: Some(chosen), second, ..attempt() }));
    assert_eq!([Method::Password, Method::SecurityKey].map(next), [Step::AskKey, Step::AskKey]);
    assert_eq!(next(Method::Code), Step::AskCode);
}

/// T-REM: it goes with a right password, is worth less than two steps, and nothing alone or with anything else.
#[test]
fn t_rem_a_remembered_browser_spares_the_second_step_and_is_not_one() {
    for second in second_steps() {
        assert_eq!(enough(&Proof::RememberedBrowser.into(), &second), None);
        let both = proved(&[Proof::Password, Proof::RememberedBrowser]);
        let without = enough(&Proof::Password.into(), &second);
        let wanted = if second.two_step == TwoStep::On { Some(Assurance::OneFactor) } else { without };
        assert_eq!(enough(&both, &second), wanted, "{second:?}");
        assert_eq!(both.amr(), ["pwd"], "RFC 8176 section 2: mfa is for several factors that were used");
        let with_code = proved(&[Proof::Code, Proof::RememberedBrowser]);
        assert_eq!(enough(&with_code, &second), None);
    }
}

/// T-DOWN: the order of steps can't be turned round.
#[test]
fn t_down_a_code_or_a_key_counts_for_nothing_before_the_password() {
    for second in second_steps() {
        for chosen in [Method::Code, Method::Password, Method::SecurityKey] {
            for proof in [Proof::Code, Proof::SecurityKey] {
                let attempt = SignIn { proved: proof.into(), chosen: Some(chosen), second, ..attempt() };
                assert_eq!(next_step(Some(&attempt)), Step::AskPassword);
            }
        }
        let key = proved(&[Proof::SecurityKey, Proof::Password]);
        assert_eq!(enough(&key, &second), Some(Assurance::PhishingResistant));
        assert_eq!(enough(&proved(&[Proof::Code, Proof::Password]), &second), Some(Assurance::TwoFactor));
    }
}

#[test]
fn until_the_password_was_right_the_account_makes_no_difference() {
    for chosen in Method::ALL {
        let steps = second_steps().into_iter().map(|second| {
            next_step(Some(&SignIn { chosen: Some(chosen), request: Some(State::Pending), second, ..attempt() }))
        });
        let steps: Vec<Step> = steps.collect();
        assert!(steps.windows(2).all(|two| two[0] == two[1]), "{chosen:?}: {steps:?}");
    }
}

#[test]
fn an_attempt_that_is_over_starts_again_whatever_it_proved() {
    for proof in Proof::ALL {
        let over = SignIn { over: true, proved: proof.into(), ..attempt() };
        assert_eq!(next_step(Some(&over)), Step::AskUserName);
    }
}

#[test]
fn wrong_ones_are_counted_together() {
    for chosen in [Method::AccessPass, Method::Password, Method::Code, Method::SecurityKey] {
        let attempt = SignIn { chosen: Some(chosen), failures: TRIES, ..attempt() };
        assert_eq!(next_step(Some(&attempt)), Step::TellTooMany);
    }
    let phone = SignIn { failures: TRIES, request: Some(State::Pending), ..attempt() };
    assert_eq!(next_step(Some(&phone)), Step::AwaitPhone, "the phone is another way");
}

#[test]
fn what_was_proved_is_stored_in_words() {
    let both = proved(&[Proof::Password, Proof::Code, Proof::Password]);
    assert_eq!((both.to_string().as_str(), both.amr()), ("password code", vec!["pwd", "otp", "mfa"]));
    assert_eq!("password code".parse(), Ok(both));
    assert_eq!("".parse(), Ok(Proved::default()));
    assert!("password sesame".parse::<Proved>().is_err());
    for proof in Proof::ALL {
        assert_eq!(proof.as_str().parse(), Ok(proof));
    }
}

/// B9, B26, C7: the person's default first, but for a policy that wants the strongest; what is chosen on the page goes before.
#[test]
fn the_second_step_that_is_asked_first_is_the_default_or_the_strongest() {
    let all = SecondStep { two_step: TwoStep::On, phone: true, code: true, key: true, ..SecondStep::default() };
    let step = |second, chosen| {
        let proved = Proof::Password.into();
        next_step(Some(&SignIn { proved, chosen: Some(chosen), second, ..attempt() }))
    };
    for (second, first) in [
        (all, Step::AskKey),
        (SecondStep { key: false, ..all }, Step::AskCode),
        (SecondStep { key: false, strongest_first: true, ..all }, Step::StartRequest),
        (SecondStep { default: Some(Method::Code), ..all }, Step::AskCode),
        (SecondStep { default: Some(Method::Phone), ..all }, Step::StartRequest),
        (SecondStep { default: Some(Method::Code), code: false, ..all }, Step::AskKey),
        (SecondStep { default: Some(Method::Code), strongest_first: true, ..all }, Step::AskKey),
    ] {
        assert_eq!(step(second, Method::Password), first, "{second:?}");
    }
    let by_code = SecondStep { default: Some(Method::Code), ..all };
    assert_eq!(step(by_code, Method::SecurityKey), Step::AskKey, "chosen on the page");
}

/// B5: per browser, and policy goes before.
#[test]
fn what_is_asked_first_is_what_the_browser_did_last_unless_policy_wants_the_strongest() {
    let (work, personal) = (Policy::default(), Policy::personal());
    let strongest = Policy { strongest_first: true, ..Policy::personal() };
    for (policy, last, first) in [
        (&work, None, FirstMethod::Phone),
        (&work, Some(FirstMethod::Password), FirstMethod::Password),
        (&personal, None, FirstMethod::Password),
        (&personal, Some(FirstMethod::Phone), FirstMethod::Phone),
        (&strongest, Some(FirstMethod::Password), FirstMethod::Phone),
    ] {
        assert_eq!(first_method(policy, last), first, "{last:?}");
    }
    assert_eq!(way_of(&proved(&[Proof::Password, Proof::Code])), Some(FirstMethod::Password));
    assert_eq!(way_of(&Proof::Phone(Unlock::Pin).into()), Some(FirstMethod::Phone));
    assert_eq!(way_of(&Proof::Passkey.into()), None, "it is offered beside both");
}

/// Every way in and what it comes to, as `docs/ways-in.md` has it.
fn ways_in() -> String {
    let mut table = String::from(
        "| Proved | two-step verification off | wanted, not set up | on | `amr` |\n|---|---|---|---|---|\n",
    );
    let alone = Proof::ALL.map(|proof| vec![proof]);
    let after_password =
        Proof::ALL.iter().filter(|proof| **proof != Proof::Password).map(|proof| vec![Proof::Password, *proof]);
    for proofs in alone.into_iter().chain(after_password) {
        let proved = proved(&proofs);
        let cell = |two_step| {
            let with = |any, password| {
                let has = SecondStep { two_step, phone: any, code: any, key: any, password, ..SecondStep::default() };
                enough(&proved, &has)
            };
            let words = |found: Option<Assurance>| {
                found.map_or_else(|| "not enough".to_owned(), |found| format!("`{}`", found.as_str()))
            };
            if with(true, false) != with(true, true) {
                let [one, other] = [true, false].map(|password| words(with(true, password)));
                return format!("{one}; {other} without a password");
            }
            match (with(false, true), with(true, true)) {
                (nothing, all) if nothing == all => words(all),
                (nothing, all) => format!("{}; {} without another method", words(all), words(nothing)),
            }
        };
        let [off, wanted, on] = TWO_STEP.map(cell);
        let amr = proved.amr();
        let amr = if amr.is_empty() { "none".to_owned() } else { format!("`{}`", amr.join(" ")) };
        writeln!(table, "| {} | {off} | {wanted} | {on} | {amr} |", proved.to_string().replace(' ', ", ")).unwrap();
    }
    table
}

#[test]
fn the_table_of_all_ways_in_is_what_the_dispatcher_does() {
    let document = include_str!("../../../../docs/ways-in.md");
    let table = ways_in();
    assert!(document.contains(&table), "put this into docs/ways-in.md:\n{table}");
}
