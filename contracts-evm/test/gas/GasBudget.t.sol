// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IPhatOracle} from "../../src/interfaces/IPhatOracle.sol";
import {OracleFixture} from "../base/OracleFixture.sol";
import {IPriceConsumer} from "../examples/PriceConsumer.t.sol";

/// @dev What whole transactions cost: `npm run snapshot` runs this with each call as a transaction of its own, and keeps
/// the figures in snapshots/. Before each measured call the storage is as it is in daily use: there were requests
/// before, and the payee has a credit.
contract GasBudgetTest is OracleFixture {
    string private constant GROUP = "PhatOracle";

    address private consumer;
    IPriceConsumer private priceConsumer;

    function setUp() public override {
        super.setUp();
        consumer = account("consumer");
        priceConsumer =
            IPriceConsumer(vm.deployCode("PriceConsumer.sol", abi.encode(oracle, CONTRACT_ID, MIN_REVISION, LIFETIME)));
        (bytes32 requestId, IPhatOracle.Request memory request) = ask(consumer);
        fulfill(requestId, request);
    }

    function test_Gas_RequestByAnAccountWith64BytesOfPayload() public {
        bytes memory payload = bytes.concat(keccak256("payload"), keccak256("more of it"));
        vm.deal(consumer, PAYMENT);
        vm.prank(consumer);
        oracle.request{value: PAYMENT}(CONTRACT_ID, MIN_REVISION, payload, CALLBACK_GAS, MAX_OUTPUT, START + LIFETIME);
        expectAtMost(62_000, "request, 64 bytes");
    }

    function test_Gas_AskForAPrice() public {
        vm.deal(consumer, PAYMENT);
        vm.prank(consumer);
        priceConsumer.ask{value: PAYMENT}("BTC", "USD");
        expectAtMost(97_000, "PriceConsumer.ask");
    }

    function test_Gas_FulfillWithOneSignature() public {
        (bytes32 requestId, IPhatOracle.Request memory request) = ask(consumer);
        IPhatOracle.Report memory report = okReport();
        bytes[] memory signatures = signed(requestId, report);
        oracle.fulfill(request, report, signatures);
        expectAtMost(60_000, "fulfill, 1 signature, no callback");
    }

    function test_Gas_FulfillAPrice() public {
        IPhatOracle.Request memory request = nextRequest(address(priceConsumer), 60_000);
        vm.deal(consumer, PAYMENT);
        vm.prank(consumer);
        bytes32 requestId = priceConsumer.ask{value: PAYMENT}("BTC", "USD");
        IPhatOracle.Report memory report = okReport();
        bytes[] memory signatures = signed(requestId, report);
        oracle.fulfill(request, report, signatures);
        expectAtMost(90_000, "fulfill, 1 signature, PriceConsumer");
    }

    function test_Gas_FulfillABatchOfTwenty() public {
        IPhatOracle.Entry[] memory entries = new IPhatOracle.Entry[](20);
        for (uint256 i = 0; i < entries.length; ++i) {
            bytes32 requestId;
            (requestId, entries[i].request) = ask(consumer);
            entries[i].report = okReport();
            entries[i].signatures = signed(requestId, entries[i].report);
        }
        oracle.fulfillBatch(entries);
        expectAtMost(20 * 25_000, "fulfillBatch, 20 entries, 1 signature each");
    }

    function test_Gas_Cancel() public {
        (, IPhatOracle.Request memory request) = ask(consumer);
        vm.warp(START + LIFETIME + 1);
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

    function expectAtMost(uint256 budget, string memory name) private {
        vm.assertLe(vm.snapshotGasLastCall(GROUP, name), budget, name);
    }
}
