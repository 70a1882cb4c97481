// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IOracleSettings} from "../../src/interfaces/IOracleSettings.sol";
import {IPhatOracle} from "../../src/interfaces/IPhatOracle.sol";
import {Outcome} from "../../src/libraries/Outcome.sol";
import {RegistryFixture} from "./RegistryFixture.sol";

/// @title An oracle with two operators of a worker each, and what it takes to ask and to answer
abstract contract OracleFixture is RegistryFixture {
    bytes32 internal constant CONTRACT_ID = keccak256("contract");
    uint64 internal constant MIN_REVISION = 3;
    uint32 internal constant MIN_LIFETIME = 60;
    uint32 internal constant MAX_LIFETIME = 1 days;
    uint64 internal constant LIFETIME = 1 hours;
    uint32 internal constant CALLBACK_GAS = 300_000;
    uint32 internal constant MAX_OUTPUT = 256;
    bytes internal constant PAYLOAD = '{"base":"BTC","quote":"USD"}';
    uint256 internal constant PAYMENT = 1 ether;

    IOracleSettings.Prices internal prices = IOracleSettings.Prices({
        perRequest: 0.001 ether, perCallbackGas: 2 gwei, perPayloadByte: 30 gwei, perOutputByte: 50 gwei
    });

    IPhatOracle internal oracle;
    address internal payee;
    // Two workers of different operators, in ascending order of address.
    uint256 internal firstKey;
    uint256 internal secondKey;
    address internal firstOperator;
    address internal secondOperator;

    function setUp() public virtual override {
        super.setUp();
        payee = account("payee");
        oracle = deployOracle(initialSettings(1));
        firstOperator = addOperator("first operator");
        secondOperator = addOperator("second operator");
        (firstKey, secondKey) = ascending(keyOf("worker one"), keyOf("worker two"));
        register(firstOperator, vm.addr(firstKey));
        register(secondOperator, vm.addr(secondKey));
        vm.deal(address(this), 1_000 ether);
    }

    function deployOracle(IOracleSettings.Settings memory settings) internal returns (IPhatOracle) {
        return IPhatOracle(vm.deployCode("PhatOracle.sol", abi.encode(admin, registry, settings)));
    }

    function initialSettings(uint8 threshold) internal view returns (IOracleSettings.Settings memory) {
        return IOracleSettings.Settings({
            threshold: threshold, minLifetime: MIN_LIFETIME, maxLifetime: MAX_LIFETIME, prices: prices
        });
    }

    function setThreshold(uint8 threshold) internal {
        vm.prank(admin);
        oracle.setThreshold(threshold);
    }

    /// @dev The request that `consumer` would make now with all the constants above.
    function nextRequest(address consumer) internal view returns (IPhatOracle.Request memory) {
        return nextRequest(consumer, CALLBACK_GAS);
    }

    function nextRequest(address consumer, uint32 callbackGasLimit) internal view returns (IPhatOracle.Request memory) {
        return IPhatOracle.Request({
            sequence: oracle.sequence() + 1,
            parentHash: blockhash(block.number - 1),
            consumer: consumer,
            contractId: CONTRACT_ID,
            minRevision: MIN_REVISION,
            payloadHash: keccak256(PAYLOAD),
            callbackGasLimit: callbackGasLimit,
            maxOutput: MAX_OUTPUT,
            expiresAt: uint64(block.timestamp) + LIFETIME,
            payment: PAYMENT
        });
    }

    /// @dev Has `consumer` ask directly, without a call of its own code.
    function ask(address consumer) internal returns (bytes32 requestId, IPhatOracle.Request memory request) {
        return ask(consumer, CALLBACK_GAS);
    }

    function ask(address consumer, uint32 callbackGasLimit)
        internal
        returns (bytes32 requestId, IPhatOracle.Request memory request)
    {
        request = nextRequest(consumer, callbackGasLimit);
        vm.deal(consumer, consumer.balance + PAYMENT);
        vm.prank(consumer);
        requestId = oracle.request{value: PAYMENT}(
            CONTRACT_ID, MIN_REVISION, PAYLOAD, callbackGasLimit, MAX_OUTPUT, request.expiresAt
        );
        vm.assertEq(requestId, oracle.requestIdOf(request), "the request that was made");
    }

    function okReport() internal view returns (IPhatOracle.Report memory) {
        return IPhatOracle.Report({
            outcome: Outcome.OK,
            output: abi.encode(uint256(12_345)),
            executedAt: uint64(block.timestamp),
            payee: bytes32(uint256(uint160(payee)))
        });
    }

    function signatureOf(uint256 key, bytes32 requestId, IPhatOracle.Report memory report)
        internal
        view
        returns (bytes memory)
    {
        return signature(key, oracle.reportDigest(requestId, report));
    }

    /// @dev One signature, of the first worker.
    function signed(bytes32 requestId, IPhatOracle.Report memory report)
        internal
        view
        returns (bytes[] memory signatures)
    {
        signatures = new bytes[](1);
        signatures[0] = signatureOf(firstKey, requestId, report);
    }

    /// @dev Two signatures, in the order of the keys.
    function signedBy(uint256 oneKey, uint256 otherKey, bytes32 requestId, IPhatOracle.Report memory report)
        internal
        view
        returns (bytes[] memory signatures)
    {
        signatures = new bytes[](2);
        signatures[0] = signatureOf(oneKey, requestId, report);
        signatures[1] = signatureOf(otherKey, requestId, report);
    }

    /// @dev Answers with {okReport} and the first worker's signature.
    function fulfill(bytes32 requestId, IPhatOracle.Request memory request) internal {
        IPhatOracle.Report memory report = okReport();
        oracle.fulfill(request, report, signed(requestId, report));
    }

    function slotOf(bytes32 requestId) internal view returns (bytes32) {
        bytes32[] memory requestIds = new bytes32[](1);
        requestIds[0] = requestId;
        return oracle.slots(requestIds)[0];
    }

    function ascending(uint256 oneKey, uint256 otherKey) internal pure returns (uint256, uint256) {
        return vm.addr(oneKey) < vm.addr(otherKey) ? (oneKey, otherKey) : (otherKey, oneKey);
    }
}
