//! What scripts are, get and find.

use super::{answer, contract, offline, script, text, value};
use phat_protocol::Outcome;
use serde_json::json;

#[tokio::test]
async fn main_answers_with_bytes_hex_or_text() {
    let engine = offline();
    for (returned, output) in [
        ("'0x00ff'", &[0, 255][..]),
        ("'0x'", b""),
        ("'grüezi'", "grüezi".as_bytes()),
        ("new Uint8Array([1, 2, 3])", &[1, 2, 3]),
        ("new Uint8Array([1, 2, 3]).buffer", &[1, 2, 3]),
        ("new Uint16Array([0x0201])", &[1, 2]),
        ("Promise.resolve('0x07')", &[7]),
    ] {
        let answer = answer(&engine, script(&format!("function main() {{ return {returned}; }}")), "").await;
        assert_eq!((answer.outcome, answer.output.as_slice()), (Outcome::Ok, output), "{returned}");
    }
}

#[tokio::test]
async fn a_script_is_a_script_or_a_module() {
    let engine = offline();
    for source in [
        "function main() { return 'it'; }",
        "const main = async () => 'it';",
        "globalThis.main = () => 'it';",
        "export default function main() { return 'it'; }",
        "const word = await Promise.resolve('it'); export function main() { return word; }",
    ] {
        assert_eq!(text(&engine, source).await, "it", "{source}");
    }
}

#[tokio::test]
async fn main_gets_the_request() {
    let engine = offline();
    for (expression, expected) in [
        ("request", "0x7b226e223a317d"),
        ("request.payloadHex", "0x7b226e223a317d"),
        ("request.payload", "123,34,110,34,58,49,125"),
        ("request.text()", r#"{"n":1}"#),
        ("request.json().n", "1"),
        ("request.chain.kind", "evm"),
        ("request.chain.chainId === 31337n", "true"),
        ("request.id", &format!("0x{}", "02".repeat(32))),
        ("request.oracle", &format!("0x{}", "01".repeat(20))),
        ("request.consumer", &format!("0x{}", "03".repeat(20))),
        ("request.expiresAt", "4"),
        ("request.blockHash", &format!("0x{}", "05".repeat(32))),
        ("scriptArgs", "0x7b226e223a317d"),
        ("JSON.stringify(secrets)", "{}"),
    ] {
        let source = format!("function main(request, secrets) {{ return 'it is ' + String({expression}); }}");
        let answer = answer(&engine, script(&source), r#"{"n":1}"#).await;
        assert_eq!(String::from_utf8_lossy(&answer.output), format!("it is {expected}"), "{expression}");
    }
}

#[tokio::test]
async fn a_script_of_the_reference_gets_its_hex() {
    let engine = offline();
    let source = "function main(requestHex, secrets) { return typeof requestHex + requestHex; }";
    let answer = answer(&engine, contract(source, json!({"request": "hex"})), "hi").await;
    assert_eq!(answer.output, b"string0x6869");
}

#[tokio::test]
async fn promises_are_awaited_to_their_end() {
    let engine = offline();
    let source = "
        const order = [];
        async function step(name) { await null; order.push(name); }
        async function main() {
            setTimeout(() => order.push('late'), 1000);
            setTimeout(() => order.push('soon'), 1);
            clearTimeout(setTimeout(() => order.push('never'), 0));
            queueMicrotask(() => order.push('next'));
            for await (const name of [step('a'), step('b')]) { void name; }
            await new Promise((resolve) => setTimeout(resolve, 2000));
            return order.join();
        }";
    assert_eq!(text(&engine, source).await, "next,a,b,soon,late");
}

#[tokio::test]
async fn texts_and_bytes_become_each_other() {
    let engine = offline();
    for (expression, expected) in [
        ("new TextEncoder().encode('ü\\u{1f600}')", "195,188,240,159,152,128"),
        ("new TextEncoder().encode('\\ud800')", "239,191,189"),
        ("new TextDecoder().decode(new Uint8Array([0xef, 0xbb, 0xbf, 0x61]))", "a"),
        ("new TextDecoder().decode(new Uint8Array([0x61, 0xe2, 0x82, 0x62, 0xff]))", "a\u{fffd}b\u{fffd}"),
        ("new TextDecoder('utf-8', {fatal: true}).decode(new Uint8Array([0x61, 0xc3, 0xbc]))", "aü"),
        ("JSON.stringify(new TextEncoder().encodeInto('aü', new Uint8Array(2)))", r#"{"read":1,"written":1}"#),
        ("btoa('abc') + atob('YWJj')", "YWJjabc"),
        ("new Uint8Array([1, 171]).toHex()", "01ab"),
        ("new DataView(new Uint8Array([1, 2]).buffer).getUint16(0)", "258"),
    ] {
        assert_eq!(value(&engine, expression).await, expected, "{expression}");
    }
}

#[tokio::test]
async fn digests_are_those_of_the_standards() {
    let engine = offline();
    let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let keccak = "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45";
    for (expression, expected) in [
        ("new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode('abc'))).toHex()", sha256),
        (
            "new Uint8Array(await crypto.subtle.digest({name: 'Keccak-256'}, new TextEncoder().encode('abc'))).toHex()",
            keccak,
        ),
        ("pink.hash('sha256', 'abc').toHex()", sha256),
        ("pink.hash('keccak256', new TextEncoder().encode('abc')).toHex()", keccak),
        ("pink.hash('blake2b128', 'abc').length", "16"),
        ("pink.hash('blake2b256', '').toHex()", "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8"),
        ("await crypto.subtle.digest('SHA-1', new Uint8Array()).catch((error) => error.name)", "NotSupportedError"),
    ] {
        assert_eq!(value(&engine, expression).await, expected, "{expression}");
    }
}

#[tokio::test]
async fn randomness_and_time_are_the_hosts() {
    let engine = offline();
    for (expression, expected) in [
        // The test's host counts up from 1.
        ("crypto.getRandomValues(new Uint8Array(4))", "1,2,3,4"),
        ("crypto.getRandomValues(new Uint8Array(300))[299]", "45"),
        ("crypto.randomUUID()", "01020304-0506-4708-890a-0b0c0d0e0f10"),
        ("Date.now()", "1800000000000"),
        ("new Date(0).toString().includes('GMT+0000')", "true"),
    ] {
        assert_eq!(value(&engine, expression).await, expected, "{expression}");
    }
    let drawn = value(&engine, "[Math.random(), Math.random()].every((one) => one >= 0 && one < 1)").await;
    assert_eq!(drawn, "true");
}

#[tokio::test]
async fn derived_secrets_are_the_contracts_own() {
    let engine = offline();
    let secret = value(&engine, "pink.deriveSecret('a').toHex()").await;
    assert_eq!(secret.len(), 128);
    assert_eq!(value(&engine, "pink.deriveSecret('a').toHex()").await, secret);
    assert_ne!(value(&engine, "pink.deriveSecret('b').toHex()").await, secret);
}

#[tokio::test]
async fn addresses_are_taken_apart_and_put_together() {
    let engine = offline();
    for (expression, expected) in [
        (
            "new URL('HTTPS://u:p@Example.com:443/a/./b/../c d?q=ü#f').href",
            "https://u:p@example.com/a/c%20d?q=%C3%BC#f",
        ),
        ("new URL('../x?y', 'https://h:8443/a/b/c').href", "https://h:8443/a/x?y"),
        ("new URL('//other/p', 'https://h/a').origin", "https://other"),
        ("new URL('?q', 'https://h/a/b').href", "https://h/a/b?q"),
        ("URL.canParse('nonsense')", "false"),
        (
            "(() => { const u = new URL('https://h/p'); u.searchParams.append('a b', '1&2'); return u.href; })()",
            "https://h/p?a+b=1%262",
        ),
        ("(() => { const u = new URL('https://h/p?x=1'); u.search = '?y=2'; return u.searchParams.get('y'); })()", "2"),
        ("new URLSearchParams({a: '1', b: 'ü'})", "a=1&b=%C3%BC"),
        ("new URLSearchParams('a=%e4%bd%a0+x&a=2').getAll('a')", "你 x,2"),
    ] {
        assert_eq!(value(&engine, expression).await, expected, "{expression}");
    }
}

#[tokio::test]
async fn soliditys_encoding_goes_both_ways() {
    let engine = offline();
    let encoded = "pink.abi.encode('(uint256,string,int8,(address,bytes)[],bool[2])', \
                   [1n, 'grüezi', -1, [['0x1111111111111111111111111111111111111111', '0xabcd']], [true, false]])";
    let back = format!(
        "JSON.stringify(pink.abi.decode('(uint256,string,int8,(address,bytes)[],bool[2])', {encoded}), \
         (_, item) => typeof item === 'bigint' ? Number(item) : item)"
    );
    assert_eq!(
        value(&engine, &back).await,
        r#"[1,"grüezi",-1,[["0x1111111111111111111111111111111111111111","0xabcd"]],[true,false]]"#
    );
    let word = |number: u8| format!("{}{number:02x}", "00".repeat(31));
    // From the Contract ABI Specification: f(uint256,uint32[],bytes10,bytes) with these arguments.
    let example = "pink.abi.encode('(uint256,uint32[],bytes10,bytes)', \
                   [0x123, [0x456, 0x789], new TextEncoder().encode('1234567890'), new TextEncoder().encode('Hello, world!')]).toHex()";
    let expected = [
        format!("{}0123", "00".repeat(30)),
        word(0x80),
        format!("31323334353637383930{}", "00".repeat(22)),
        word(0xe0),
        word(2),
        format!("{}0456", "00".repeat(30)),
        format!("{}0789", "00".repeat(30)),
        word(13),
        format!("48656c6c6f2c20776f726c6421{}", "00".repeat(19)),
    ];
    assert_eq!(value(&engine, example).await, expected.concat());
    assert_eq!(value(&engine, "pink.abi.encode('uint8', 7).toHex()").await, word(7));
    assert_eq!(value(&engine, "pink.abi.selector('transfer(address,uint256)').toHex()").await, "a9059cbb");
    assert_eq!(
        value(&engine, "(() => { try { pink.abi.encode('uint8', 256) } catch (e) { return e.message } })()").await,
        "256 is no uint8"
    );
}

#[tokio::test]
async fn scale_is_coded_by_types_in_text() {
    let engine = offline();
    for (expression, expected) in [
        (
            "pink.SCALE.encode({hash: '0x' + '12'.repeat(4), size: 1234}, '{hash:[u8;4],size:u32}').toHex()",
            "12121212d2040000",
        ),
        (
            "JSON.stringify(pink.SCALE.decode('0x12121212d2040000', '{hash:[u8;4],size:u32}'))",
            r#"{"hash":"0x12121212","size":1234}"#,
        ),
        ("pink.SCALE.encode([-1, 'hü', true], '(i16,str,bool)').toHex()", "ffff0c68c3bc01"),
        ("pink.SCALE.encode([1, 16384, 1073741824], '[@u64]').toHex()", "0c04020001000300000040"),
        ("pink.SCALE.decode('0x0c04020001000300000040', '[@u64]')", "1,16384,1073741824"),
        ("pink.SCALE.encode(42, '<_None,_Some:u32>').toHex()", "012a000000"),
        ("pink.SCALE.decode('0x00', '<_None,_Some:u32>')", "null"),
        ("JSON.stringify(pink.SCALE.decode('0x0107000000', '<Ok:bool,Err:u32>'))", r#"{"Err":7}"#),
        ("pink.SCALE.encode({CouldNotReadInput: null}, '<CouldNotReadInput::1>').toHex()", "01"),
        (
            "(() => { const types = pink.SCALE.parseTypes('Result<T,E>=<Ok:T,Err:E>\\nVec<T>=[T]'); \
           return pink.SCALE.encode({Ok: [1, 2]}, 'Result<Vec<u8>,str>', types).toHex(); })()",
            "00080102",
        ),
        (
            "(() => { const types = pink.SCALE.parseTypes('#u16\\n(0,0)\\n<CouldNotReadInput::1>\\n<Ok:1,Err:2>'); \
           return JSON.stringify(pink.SCALE.codec(3, types).decode('0x0001000200')); })()",
            r#"{"Ok":[1,2]}"#,
        ),
        ("pink.SCALE.codec([], pink.SCALE.parseTypes('')).encode([]).length", "0"),
        (
            "(() => { try { pink.SCALE.encode(1, 'Loop', pink.SCALE.parseTypes('Loop=Loop')) } catch (e) { return e.name } })()",
            "RangeError",
        ),
        ("(() => { try { pink.SCALE.encode(256, 'u8') } catch (e) { return e.message } })()", "256 is no u8"),
    ] {
        assert_eq!(value(&engine, expression).await, expected, "{expression}");
    }
}
