// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IPhatOracle} from "../../src/interfaces/IPhatOracle.sol";
import {OracleFixture} from "../base/OracleFixture.sol";
import {IPriceConsumer} from "../examples/PriceConsumer.t.sol";

/// @dev What whole transactions cost: `npm run snapshot` runs this with each call as a transaction of its own, and keeps
/// the figures in snapshots/. Before each measured call the storage is as it is in daily use: there were requests
/// before, and the payee has a credit, unless it is said otherwise.
///
/// A payload has 64 bytes and an output 32, and what can't be foreseen (hashes, times, signatures) has no byte that is
/// zero, which would be cheaper: so the figures are the dearest of their kind, and a node's can be compared with them.
contract GasBudgetTest is OracleFixture {
    string private constant GROUP = "PhatOracle";
    // A byte of calldata costs 4 gas if it is zero, and 16 if not.
    bytes private constant SIXTY_FOUR_BYTES = hex"1111111111111111111111111111111111111111111111111111111111111111"
        hex"2222222222222222222222222222222222222222222222222222222222222222";
    bytes32 private constant OUTPUT = bytes32(type(uint256).max / 3);
    bytes32 private constant PARENT_HASH = bytes32(type(uint256).max / 5);
    uint256 private constant PRICE = uint256(type(uint176).max / 3);

    address private account_;
    address private emptyConsumer;
    IPriceConsumer private priceConsumer;
    uint256[] private keys;

    function setUp() public override {
        super.setUp();
        // Of which the last four bytes aren't zero, nor those an hour later.
        vm.warp(0x6b4a1111);
        vm.setBlockhash(block.number - 1, PARENT_HASH);
        account_ = account("consumer");
        emptyConsumer = vm.deployCode("EmptyConsumer.sol", abi.encode(oracle));
        priceConsumer =
            IPriceConsumer(vm.deployCode("PriceConsumer.sol", abi.encode(oracle, CONTRACT_ID, MIN_REVISION, LIFETIME)));
        uint256 thirdKey = keyOf("worker three");
        register(addOperator("third operator"), vm.addr(thirdKey));
        keys = sorted(firstKey, secondKey, thirdKey);
        (bytes32 requestId, IPhatOracle.Request memory request) = askAs(account_);
        fulfill(requestId, request);
    }

    function test_Gas_RequestByAnAccount() public {
        vm.deal(account_, PAYMENT);
        vm.prank(account_);
        oracle.request{value: PAYMENT}(
            CONTRACT_ID, MIN_REVISION, SIXTY_FOUR_BYTES, CALLBACK_GAS, MAX_OUTPUT, uint64(block.timestamp) + LIFETIME
        );
        expectAtMost(62_000, "request by an account");
    }

    /// @dev The longest tickers: a payload of 34 bytes, which the event pads to 64.
    function test_Gas_AskForAPrice() public {
        vm.deal(account_, PAYMENT);
        vm.prank(account_);
        priceConsumer.ask{value: PAYMENT}("ABCDEF", "UVWXYZ");
        expectAtMost(97_000, "PriceConsumer.ask");
    }

    function test_Gas_FulfillForAnAccount() public {
        expectFulfillAtMost(60_000, account_, 1, "fulfill, account");
    }

    function test_Gas_FulfillAnEmptyCallback() public {
        expectFulfillAtMost(60_000, emptyConsumer, 1, "fulfill, empty callback");
    }

    function test_Gas_FulfillForAnAccountOnTheFirstCredit() public {
        payee = account("another payee");
        expectFulfillAtMost(77_000, account_, 1, "fulfill, account, first credit");
    }

    function test_Gas_FulfillAnEmptyCallbackOnTheFirstCredit() public {
        payee = account("another payee");
        expectFulfillAtMost(77_000, emptyConsumer, 1, "fulfill, empty callback, first credit");
    }

    function test_Gas_FulfillForAnAccountWithThreeSignatures() public {
        setThreshold(3);
        expectFulfillAtMost(85_000, account_, 3, "fulfill, account, 3 signatures");
    }

    function test_Gas_FulfillAnEmptyCallbackWithThreeSignatures() public {
        setThreshold(3);
        expectFulfillAtMost(85_000, emptyConsumer, 3, "fulfill, empty callback, 3 signatures");
    }

    function test_Gas_FulfillAPrice() public {
        IPhatOracle.Request memory request = nextRequest(address(priceConsumer), 60_000);
        request.payloadHash = keccak256('{"base":"ABCDEF","quote":"UVWXYZ"}');
        vm.deal(account_, PAYMENT);
        vm.prank(account_);
        bytes32 requestId = priceConsumer.ask{value: PAYMENT}("ABCDEF", "UVWXYZ");
        IPhatOracle.Entry memory entry = entryFor(requestId, request, bytes32(PRICE), 1);
        oracle.fulfill(entry.request, entry.report, entry.signatures);
        expectAtMost(90_000, "fulfill, PriceConsumer");
    }

    function test_Gas_FulfillABatchOfTwentyForAnAccount() public {
        expectBatchAtMost(20 * 25_000, account_, "fulfillBatch of 20, account");
    }

    function test_Gas_FulfillABatchOfTwentyEmptyCallbacks() public {
        expectBatchAtMost(20 * 25_000, emptyConsumer, "fulfillBatch of 20, empty callback");
    }

    function test_Gas_Cancel() public {
        (, IPhatOracle.Request memory request) = askAs(account_);
        vm.warp(request.expiresAt + 1);
        oracle.cancel(request);
        expectAtMost(60_000, "cancel");
    }

    function test_Gas_Register() public {
        address worker = account("another worker");
        bytes memory evidence = evidenceFor(firstOperator, worker, MEASUREMENT, CONFIG_HASH);
        vm.prank(firstOperator);
        registry.register(worker, X25519_KEY, VRF_KEY_HASH, CONFIG_HASH, START_BLOCK - 1, evidence);
        expectAtMost(200_000, "register");
    }

    function expectFulfillAtMost(uint256 budget, address consumer, uint256 signatures, string memory name) private {
        (bytes32 requestId, IPhatOracle.Request memory request) = askAs(consumer);
        IPhatOracle.Entry memory entry = entryFor(requestId, request, OUTPUT, signatures);
        oracle.fulfill(entry.request, entry.report, entry.signatures);
        expectAtMost(budget, name);
    }

    function expectBatchAtMost(uint256 budget, address consumer, string memory name) private {
        IPhatOracle.Entry[] memory entries = new IPhatOracle.Entry[](20);
        for (uint256 i = 0; i < entries.length; ++i) {
            (bytes32 requestId, IPhatOracle.Request memory request) = askAs(consumer);
            entries[i] = entryFor(requestId, request, OUTPUT, 1);
        }
        oracle.fulfillBatch(entries);
        expectAtMost(budget, name);
    }

    function expectAtMost(uint256 budget, string memory name) private {
        vm.assertLe(vm.snapshotGasLastCall(GROUP, name), budget, name);
    }

    /// @dev Has `consumer` ask 64 bytes.
    function askAs(address consumer) private returns (bytes32 requestId, IPhatOracle.Request memory request) {
        request = nextRequest(consumer);
        request.payloadHash = keccak256(SIXTY_FOUR_BYTES);
        vm.deal(consumer, consumer.balance + PAYMENT);
        vm.prank(consumer);
        requestId = oracle.request{value: PAYMENT}(
            CONTRACT_ID, MIN_REVISION, SIXTY_FOUR_BYTES, CALLBACK_GAS, MAX_OUTPUT, request.expiresAt
        );
        vm.assertEq(requestId, oracle.requestIdOf(request), "the request that was made");
    }

    /// @dev A report whose signatures have no zero byte: it is dated back until that is so.
    function entryFor(bytes32 requestId, IPhatOracle.Request memory request, bytes32 output, uint256 count)
        private
        view
        returns (IPhatOracle.Entry memory entry)
    {
        entry.request = request;
        entry.report = okReport();
        entry.report.output = abi.encode(output);
        entry.signatures = new bytes[](count);
        bool found = false;
        while (!found) {
            found = hasNoZero(abi.encodePacked(uint32(entry.report.executedAt)));
            for (uint256 i = 0; i < count && found; ++i) {
                entry.signatures[i] = signatureOf(keys[i], requestId, entry.report);
                found = hasNoZero(entry.signatures[i]);
            }
            if (!found) --entry.report.executedAt;
        }
    }

    function hasNoZero(bytes memory data) private pure returns (bool) {
        for (uint256 i = 0; i < data.length; ++i) {
            if (data[i] == 0) return false;
        }
        return true;
    }

    /// @dev In ascending order of their addresses; `one` and `two` are already.
    function sorted(uint256 one, uint256 two, uint256 three) private pure returns (uint256[] memory keys_) {
        keys_ = new uint256[](3);
        (keys_[1], keys_[2]) = ascending(two, three);
        (keys_[0], keys_[1]) = ascending(one, keys_[1]);
    }
}
