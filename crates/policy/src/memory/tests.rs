use super::*;

#[test]
fn contents_are_known_again_and_never_mixed_up() {
    let memory = Memory::new([7; 32], 1 << 20);
    let one = memory.digest(b"\"a\"");
    assert!(Arc::ptr_eq(&one, &memory.digest(b"\"a\"")));
    assert_ne!(one.serial(), memory.digest(b"\"b\"").serial());
    assert_eq!(one.text(), "a");
}

#[test]
fn it_takes_no_more_than_it_may() {
    let memory = Memory::new([7; 32], 100_000);
    for at in 0..5_000 {
        let digest = memory.digest(format!("\"number {at}\"").as_bytes());
        assert_eq!(digest.text(), format!("number {at}"));
        drop(digest);
        // What is worked out later is counted at the next call.
        assert!(memory.size() <= 101_000);
    }
    assert!(memory.size() > 10_000);
}

#[test]
fn nothing_is_kept_where_nothing_fits() {
    let memory = Memory::new([7; 32], 0);
    memory.digest(b"\"a\"");
    assert_eq!(memory.size(), 0);
}
