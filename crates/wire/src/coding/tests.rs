use super::*;

const ALL: [Coding; 4] = [Coding::Brotli, Coding::Deflate, Coding::Gzip, Coding::Zstd];

fn encode(coding: Coding, plain: &[u8]) -> Vec<u8> {
    let level = flate2::Compression::default();
    match coding {
        Coding::Brotli => {
            let mut out = Vec::new();
            let params = brotli::enc::BrotliEncoderParams::default();
            brotli::BrotliCompress(&mut &*plain, &mut out, &params).unwrap();
            out
        }
        Coding::Deflate => {
            let mut w = flate2::write::ZlibEncoder::new(Vec::new(), level);
            w.write_all(plain).unwrap();
            w.finish().unwrap()
        }
        Coding::Gzip => {
            let mut w = flate2::write::GzEncoder::new(Vec::new(), level);
            w.write_all(plain).unwrap();
            w.finish().unwrap()
        }
        Coding::Zstd => zstd::encode_all(plain, 3).unwrap(),
    }
}

#[test]
fn every_coding_is_undone_whole_and_bytewise() {
    let plain = "{\"é\":[1,2,3]}".repeat(400).into_bytes();
    for coding in ALL {
        let coded = encode(coding, &plain);
        assert_eq!(decode(coding, &coded, plain.len()).unwrap(), plain, "{coding:?}");
        let mut decoder = Decoder::new(coding, 1 << 20).unwrap();
        let mut out = Vec::new();
        for byte in &coded {
            out.extend(decoder.push(std::slice::from_ref(byte)).unwrap());
        }
        out.extend(decoder.finish().unwrap());
        assert_eq!(out, plain, "{coding:?} bytewise");
    }
}

#[test]
fn a8_a_bomb_stops_at_the_limit() {
    let bomb = vec![0; 64 << 20];
    for coding in ALL {
        let coded = encode(coding, &bomb);
        assert!(coded.len() < 200_000);
        assert!(matches!(decode(coding, &coded, 1 << 20), Err(CodingError::TooLarge(_))), "{coding:?}");
    }
}

#[test]
fn a8_what_is_cut_or_damaged_is_corrupt() {
    for coding in ALL {
        let coded = encode(coding, b"{\"a\":\"some text that is long enough to be cut\"}");
        let cut = &coded[..coded.len() / 2];
        assert!(matches!(decode(coding, cut, 1 << 20), Err(CodingError::Corrupt)), "{coding:?} cut");
        assert!(
            matches!(decode(coding, b"{\"plain\":1}", 1 << 20), Err(CodingError::Corrupt)),
            "{coding:?} plain"
        );
    }
}

#[test]
fn a8_a_second_gzip_member_is_read_and_garbage_behind_the_end_is_not_ignored() {
    let two = [encode(Coding::Gzip, b"{\"a\":"), encode(Coding::Gzip, b"1}")].concat();
    assert_eq!(decode(Coding::Gzip, &two, 100).unwrap(), b"{\"a\":1}");
    for coding in ALL {
        let trailing = [encode(coding, b"{}"), b"garbage".to_vec()].concat();
        assert!(decode(coding, &trailing, 100).is_err(), "{coding:?}");
    }
}
