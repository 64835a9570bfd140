#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use super::*;

fn write(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    (dir, path)
}

#[test]
fn codes_stay_text_and_dates_are_dates() {
    let (_dir, path) = write("a.csv", b"code,n,day,x\n007,1,2024-01-31,1.5\n012,2,2024-02-01,NA\n");
    let source = open(&path, &ReadOptions::default()).unwrap();
    let frame = source.frame(None).unwrap();
    let types: Vec<String> = frame.dtypes().iter().map(|t| t.to_string()).collect();
    assert_eq!(types, ["str", "i64", "date", "f64"]);
    assert_eq!(frame.column("x").unwrap().null_count(), 1);
}

#[test]
fn text_in_other_encodings_and_layouts() {
    let utf16: Vec<u8> = "\u{feff}a;b\r\n1,5;é\r\n2,5;x\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let text = "\u{feff}a;b\r\n1,5;é\r\n2,5;x\r\n";
    let utf32_le: Vec<u8> = text.chars().flat_map(|c| (c as u32).to_le_bytes()).collect();
    let utf32_be: Vec<u8> = text.chars().flat_map(|c| (c as u32).to_be_bytes()).collect();
    for bytes in [utf16, utf32_le, utf32_be, b"a;b\n1,5;\xe9\n2,5;x\n".to_vec()] {
        let (_dir, path) = write("a.csv", &bytes);
        let source = open(&path, &ReadOptions::default()).unwrap();
        let frame = source.frame(None).unwrap();
        assert_eq!(frame.column("a").unwrap().f64().unwrap().get(0), Some(1.5));
        assert_eq!(frame.column("b").unwrap().str().unwrap().get(0), Some("é"));
    }
}

#[test]
fn lines_above_the_names_are_no_part_of_the_table() {
    for text in [
        "Sales of the north\nid,amount,day\n1,2.5,2024-01-31\n2,3.5,2024-02-01\n",
        "# made by export, version 2\n# all rights reserved\n\nid,amount,day\n1,2.5,2024-01-31\n2,3.5,2024-02-01\n",
        "Author: A. Person,,\n,,\nid,amount,day\n1,2.5,2024-01-31\n2,3.5,2024-02-01\n",
    ] {
        let (_dir, path) = write("a.csv", text.as_bytes());
        let source = open(&path, &ReadOptions::default()).unwrap();
        assert_eq!(source.column_names(), ["id", "amount", "day"], "{text}");
        assert_eq!(names_of_text(&path).unwrap().unwrap(), source.column_names(), "from the beginning alone");
        assert_eq!((source.rows(), source.row_number(0)), (2, 1), "{text}");
        let frame = source.frame(None).unwrap();
        assert_eq!(frame.column("amount").unwrap().f64().unwrap().get(1), Some(3.5), "{text}");
        assert!(source.reading().notes.iter().any(|note| note.contains("above the names")), "{text}");
        let said = open(&path, &ReadOptions { has_header: Some(true), ..ReadOptions::default() }).unwrap();
        assert_ne!(said.column_names(), ["id", "amount", "day"], "what a person says about the first line counts");
    }
    for text in
        ["id,amount\n1,2\n2,3\n3,4\n", "a\n1,2\n3,4\n5,6\n", "#id,name\nx,y\nz,w\nv,u\n", "k,,\na,b,c\nd,e,f\ng,h,i\n"]
    {
        let (_dir, path) = write("a.csv", text.as_bytes());
        let source = open(&path, &ReadOptions::default()).unwrap();
        assert!(!source.reading().notes.iter().any(|note| note.contains("above the names")), "{text}");
    }
}

#[test]
fn rows_keep_the_numbers_of_the_file() {
    let (_dir, path) = write("a.csv", b"a,b\n1,2\na,b\n3,4\n5,6\n7");
    let source = open(&path, &ReadOptions::default()).unwrap();
    assert_eq!(source.rows(), 3);
    assert_eq!((0..3).map(|i| source.row_number(i)).collect::<Vec<_>>(), [1, 3, 4]);
    let structure = source.structure().unwrap();
    assert_eq!(structure.truncated, Some(5));
    assert_eq!(structure.repeated_header.rows, [2]);
}

#[test]
fn names_of_rows_that_the_header_leaves_out_do_not_shift_the_others() {
    let (_dir, path) = write("a.csv", b"\"Weight\",\"Feed\"\n\"1\",26.5,NA\n\"2\",27.25,5.5\n\"3\",36,17.5\n");
    let source = open(&path, &ReadOptions::default()).unwrap();
    assert_eq!(source.column_names(), ["column_1", "Weight", "Feed"]);
    let frame = source.frame(None).unwrap();
    assert_eq!(frame.column("Weight").unwrap().f64().unwrap().get(0), Some(26.5));
    assert_eq!(source.structure().unwrap().long_rows.count, 0);
    assert_eq!(source.rows(), 3);
}

#[test]
fn json_is_flattened_and_ordered() {
    let lines = b"{\"id\":1,\"user\":{\"city\":\"Rome\"},\"tags\":[1,2]}\n{\"id\":2,\"z\":\"007\"}\n";
    let array = b"[{\"id\":1,\"user\":{\"city\":\"Rome\"},\"tags\":[1,2]},{\"id\":2,\"z\":\"007\"}]";
    for bytes in [lines.as_slice(), array.as_slice()] {
        let (_dir, path) = write("a.json", bytes);
        let source = open(&path, &ReadOptions::default()).unwrap();
        assert_eq!(source.column_names(), ["id", "user.city", "tags", "z"]);
        assert_eq!(source.frame(None).unwrap().shape(), (2, 4));
    }
}

#[test]
fn parquet_and_arrow_are_read_in_parts_and_damage_is_an_error() {
    let mut frame = DataFrame::new(
        1000,
        vec![
            Column::new("n".into(), (0..1000i64).collect::<Vec<_>>()),
            Column::new("t".into(), (0..1000).map(|i| format!("v{}", i % 7)).collect::<Vec<_>>()),
        ],
    )
    .unwrap();
    let (mut parquet, mut arrow) = (Vec::new(), Vec::new());
    ParquetWriter::new(&mut parquet).with_row_group_size(Some(300)).finish(&mut frame).unwrap();
    IpcWriter::new(&mut arrow).finish(&mut frame).unwrap();
    for bytes in [&parquet, &arrow] {
        let (_dir, path) = write("a.bin", bytes);
        let source = open(&path, &ReadOptions::default()).unwrap();
        let mut sum = 0;
        let mut rows = 0;
        source
            .for_each_batch(Some(&["n".to_owned()]), 200, &|| false, &mut |first, part| {
                assert_eq!(part.width(), 1);
                assert_eq!(part.column("n").unwrap().i64().unwrap().get(0), Some(first as i64));
                sum += part.column("n").unwrap().i64().unwrap().sum().unwrap();
                rows += part.height();
                Ok(())
            })
            .unwrap();
        assert_eq!((rows, sum), (1000, 499_500));
        assert!(matches!(source.for_each_batch(None, 200, &|| true, &mut |_, _| Ok(())), Err(TableError::Cancelled)));
        let cut = &bytes[..bytes.len() / 2];
        let (_dir, path) = write("b.bin", cut);
        assert!(matches!(open(&path, &ReadOptions::default()), Err(TableError::Truncated { .. })));
    }
    // Damage somewhere in the pages is an error or other values, never a crash.
    for at in (8..parquet.len() - 8).step_by(97) {
        let mut bytes = parquet.clone();
        bytes[at] ^= 0x5a;
        let (_dir, path) = write("c.parquet", &bytes);
        if let Ok(source) = open(&path, &ReadOptions::default()) {
            let _ = source.frame(None).map(|frame| frame.height());
        }
    }
}

#[test]
fn hostile_text_is_bounded() {
    let wide: String = (0..10_000).map(|i| format!("c{i}")).collect::<Vec<_>>().join(",");
    let values: String = (0..10_000).map(|i| i.to_string()).collect::<Vec<_>>().join(",");
    let (_dir, path) = write("wide.csv", format!("{wide}\n{values}\n{values}\n").as_bytes());
    let source = open(&path, &ReadOptions::default()).unwrap();
    assert_eq!(source.frame(None).unwrap().shape(), (2, 10_000));
    let (_dir, path) = write("quote.csv", b"a,b\n1,x\n2,\"never closed\n3,y\n4,z\n");
    let source = open(&path, &ReadOptions::default()).unwrap();
    assert_eq!((source.rows(), source.structure().unwrap().open_quotes.count), (4, 1));
    let (_dir, path) = write("nul.csv", b"a,b\n1,x\n2,\0y\n");
    assert_eq!(open(&path, &ReadOptions::default()).unwrap().structure().unwrap().nul_bytes.count, 1);
}

#[test]
fn what_is_no_table_says_what_it_is() {
    for (name, bytes, word) in [
        ("a.csv", b"".as_slice(), "empty"),
        ("a.csv", b"%PDF-1.7 xx", "PDF"),
        ("a.parquet", b"PAR1xxxxxxxxxxxxxxxx", "cut off"),
        ("a.py", b"import os\nprint('x')\n", "Python"),
        ("a.json", b"{\"a\": 1,\n \"b\": {\"c\": 2}}", "JSON object"),
        ("a.json", b"[{\"a\": 1}, {\"a\"", "cut off"),
    ] {
        let (_dir, path) = write(name, bytes);
        let error = open(&path, &ReadOptions::default()).unwrap_err().to_string();
        assert!(error.contains(word), "{name}: {error}");
    }
}
