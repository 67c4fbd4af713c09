use super::*;

struct Counter(std::sync::Mutex<u64>);

impl Random for Counter {
    /// A fixed sequence (splitmix64), so that a failure repeats.
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            let mut state = self.0.lock().unwrap();
            *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = *state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *byte = (z ^ (z >> 31)) as u8;
        }
    }
}

const EVENTS: [Event; 9] = [
    Event::Approve,
    Event::WrongNumber,
    Event::Deny,
    Event::Report,
    Event::Cancel,
    Event::Supersede,
    Event::Expire,
    Event::Revoke,
    Event::Consume,
];

#[test]
fn a_settled_request_stays_as_it_is() {
    for state in State::ALL.into_iter().filter(|state| state.is_settled()) {
        for event in EVENTS {
            assert_eq!(state.after(event), None, "{state:?} {event:?}");
        }
    }
}

#[test]
fn only_an_approved_request_signs_a_browser_in() {
    let consumed: Vec<_> = State::ALL.into_iter().filter(|state| state.after(Event::Consume).is_some()).collect();
    assert_eq!(consumed, [State::Approved]);
}

#[test]
fn no_wins_until_the_browser_has_come_back() {
    assert_eq!(State::Approved.after(Event::Deny), Some(State::Denied));
    assert_eq!(State::Approved.after(Event::Report), Some(State::Reported));
    assert_eq!(State::Consumed.after(Event::Deny), None);
}

#[test]
fn numbers_are_uniform_and_have_no_leading_zero() {
    let random = Counter(std::sync::Mutex::new(7));
    let mut seen = [0_u32; 100];
    for _ in 0..90_000 {
        seen[ShownNumber::draw(&random, 2).expose().parse::<usize>().unwrap()] += 1;
    }
    assert!(seen[..10].iter().all(|count| *count == 0));
    // Chi-square with 89 degrees of freedom: 135 is passed by chance once in a thousand runs; the sequence is fixed.
    let chi: f64 = seen[10..].iter().map(|count| (f64::from(*count) - 1000.0).powi(2) / 1000.0).sum();
    assert!(chi < 135.0, "{chi}");
}

#[test]
fn t_num_2_the_right_one_of_three_stands_anywhere() {
    let random = Counter(std::sync::Mutex::new(3));
    let policy = Policy { number_mode: NumberMode::Choose, ..Policy::default() };
    let mut places = [0_u32; 3];
    for _ in 0..9_000 {
        let number = ShownNumber::draw(&random, 2);
        let question = number.as_question(&random, &policy);
        assert!(question.makes_sense());
        let Number::Choose { options } = question else { panic!("asked for three") };
        places[options.iter().position(|option| number.matches(option)).unwrap()] += 1;
    }
    // Chi-square with 2 degrees of freedom: 13.8 is passed by chance once in a thousand runs.
    let chi: f64 = places.iter().map(|count| (f64::from(*count) - 3000.0).powi(2) / 3000.0).sum();
    assert!(chi < 13.8, "{places:?}");
}
