// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IOracleSettings} from "../../src/interfaces/IOracleSettings.sol";
import {IPhatOracle} from "../../src/interfaces/IPhatOracle.sol";
import {PhatProtocol} from "../../src/libraries/PhatProtocol.sol";
import {Test} from "../base/Test.sol";

/// @dev Any registry: who is active, and whose, is anything.
contract AnyRegistry {
    mapping(address worker => address) public activeOperatorOf;

    function set(address worker, address operator) external {
        activeOperatorOf[worker] = operator;
    }
}

/// @title What the oracle reckons, for every input
/// @dev Of the bytecode that is deployed.
contract OracleChecks is Test {
    address private constant ADMIN = address(0xA11CE);
    // Without code: nothing is called back.
    address private constant CONSUMER = address(0xC0115);
    bytes32 private constant PENDING = bytes32(uint256(1));

    AnyRegistry private registry;
    IPhatOracle private oracle;

    function setUp() public {
        vm.warp(1_800_000_000);
        vm.roll(1_000);
        registry = new AnyRegistry();
        IOracleSettings.Settings memory settings = IOracleSettings.Settings({
            threshold: 2, minLifetime: 60, maxLifetime: 1 days, prices: IOracleSettings.Prices(0, 0, 0, 0)
        });
        bytes memory creation = bytes.concat(
            vm.getCode("out/PhatOracle.sol/PhatOracle.json"), abi.encode(ADMIN, address(registry), settings)
        );
        address deployed;
        assembly ("memory-safe") {
            deployed := create(0, add(creation, 0x20), mload(creation))
        }
        assert(deployed != address(0));
        oracle = IPhatOracle(deployed);
    }

    /// @dev The id that the oracle copies together from call data is that of the library.
    function check_RequestId_IsTheLibrarys(IPhatOracle.Request calldata request) external {
        bytes32 expected = PhatProtocol.requestId(block.chainid, address(oracle), request);
        assert(oracle.requestIdOf(request) == expected);
        (bool ok, bytes memory refusal) = address(oracle).call(abi.encodeCall(IPhatOracle.cancel, (request)));
        assert(!ok && refusal.length == 68);
        bytes32 named;
        assembly ("memory-safe") {
            named := mload(add(refusal, 0x24))
        }
        assert(named == expected);
    }

    /// @dev Two reports of 64 bytes that have one digest are the same report on the same request.
    function check_ReportDigest_BindsEverything(
        bytes32[2] calldata requestIds,
        uint8[2] calldata outcomes,
        bytes32[4] calldata outputs,
        uint64[2] calldata executedAt,
        bytes32[2] calldata payees
    ) external view {
        bytes32 one = oracle.reportDigest(
            requestIds[0], IPhatOracle.Report(outcomes[0], abi.encode(outputs[0], outputs[1]), executedAt[0], payees[0])
        );
        bytes32 other = oracle.reportDigest(
            requestIds[1], IPhatOracle.Report(outcomes[1], abi.encode(outputs[2], outputs[3]), executedAt[1], payees[1])
        );
        if (one != other) return;
        assert(requestIds[0] == requestIds[1] && outcomes[0] == outcomes[1]);
        assert(outputs[0] == outputs[2] && outputs[1] == outputs[3]);
        assert(executedAt[0] == executedAt[1] && payees[0] == payees[1]);
    }

    /// @dev Its sum is unchecked: no part of it is lost, whatever the prices.
    function check_Quote_IsTheSumOfItsParts(
        IOracleSettings.Prices calldata prices,
        uint32 callbackGasLimit,
        uint256 payloadLength,
        uint32 maxOutput
    ) external {
        vm.prank(ADMIN);
        oracle.setPrices(prices);
        (bool ok, bytes memory quoted) =
            address(oracle).call(abi.encodeCall(IPhatOracle.quote, (callbackGasLimit, payloadLength, maxOutput)));
        bool bounded = callbackGasLimit <= 5_000_000 && payloadLength <= 16_384 && maxOutput <= 16_384;
        assert(ok == bounded);
        if (!ok) return;
        // 96 bits and 32: this can't overflow.
        uint256 expected = uint256(prices.perRequest) + uint256(prices.perCallbackGas) * callbackGasLimit;
        expected += uint256(prices.perPayloadByte) * payloadLength + uint256(prices.perOutputByte) * maxOutput;
        assert(abi.decode(quoted, (uint256)) == expected);
    }

    /// @dev Less is refused; all that is paid goes into the request, and back to the consumer when nobody answers.
    function check_Payment_ComesBack(IOracleSettings.Prices calldata prices, uint96 payment, uint64 expiresAt)
        external
    {
        vm.prank(ADMIN);
        oracle.setPrices(prices);
        uint256 price = oracle.quote(200_000, 0, 64);
        vm.deal(CONSUMER, payment);
        (bool asked, IPhatOracle.Request memory request) = ask(payment, expiresAt);
        assert(
            asked == (payment >= price && expiresAt >= block.timestamp + 60 && expiresAt <= block.timestamp + 1 days)
        );
        if (!asked) return;
        assert(address(oracle).balance == payment && slotOf(request) == PENDING);

        (bool early,) = address(oracle).call(abi.encodeCall(IPhatOracle.cancel, (request)));
        assert(!early);
        vm.warp(uint256(expiresAt) + 1);
        (bool cancelled,) = address(oracle).call(abi.encodeCall(IPhatOracle.cancel, (request)));
        assert(cancelled);
        assert(oracle.credits(CONSUMER) == payment && slotOf(request) == 0);
        (bool twice,) = address(oracle).call(abi.encodeCall(IPhatOracle.cancel, (request)));
        assert(!twice);
        vm.prank(CONSUMER);
        (bool paid,) = address(oracle).call(abi.encodeCall(IPhatOracle.withdraw, (payable(CONSUMER))));
        assert(paid == (payment != 0));
        assert(CONSUMER.balance == payment && address(oracle).balance == 0 && oracle.credits(CONSUMER) == 0);
    }

    /// @dev Two signatures of anything, by anyone: an answer is taken only if they are two active workers' of two
    /// operators, in ascending order; and then the payee alone is credited, with the payment alone.
    function check_Fulfill_TakesTwoOperatorsAlone(
        uint96 payment,
        address[2] calldata operators,
        bytes32[4] calldata rs,
        uint8[2] calldata v,
        bytes32 payee,
        uint64 executedAt
    ) external {
        vm.deal(CONSUMER, payment);
        (bool asked, IPhatOracle.Request memory request) = ask(payment, uint64(block.timestamp + 60));
        assert(asked);
        bytes32 requestId = PhatProtocol.requestId(block.chainid, address(oracle), request);
        IPhatOracle.Report memory report = IPhatOracle.Report(0, abi.encode(uint256(1)), executedAt, payee);
        bytes32 digest = oracle.reportDigest(requestId, report);
        address one = ecrecover(digest, v[0], rs[0], rs[1]);
        address other = ecrecover(digest, v[1], rs[2], rs[3]);
        registry.set(one, operators[0]);
        registry.set(other, operators[1]);
        bytes[] memory signatures = new bytes[](2);
        signatures[0] = abi.encodePacked(rs[0], rs[1], v[0]);
        signatures[1] = abi.encodePacked(rs[2], rs[3], v[1]);

        (bool ok,) = address(oracle).call(abi.encodeCall(IPhatOracle.fulfill, (request, report, signatures)));
        if (!ok) {
            assert(slotOf(request) == PENDING);
            return;
        }
        assert(one != address(0) && one < other);
        assert(operators[0] != address(0) && operators[1] != address(0) && operators[0] != operators[1]);
        assert(payee != 0 && uint256(payee) <= type(uint160).max && executedAt <= block.timestamp + 300);
        assert(oracle.credits(address(uint160(uint256(payee)))) == payment && slotOf(request) == 0);
        assert(address(oracle).balance == payment);
    }

    function ask(uint96 payment, uint64 expiresAt) private returns (bool ok, IPhatOracle.Request memory request) {
        request = IPhatOracle.Request({
            sequence: 1,
            parentHash: blockhash(block.number - 1),
            consumer: CONSUMER,
            contractId: keccak256("contract"),
            minRevision: 0,
            payloadHash: keccak256(""),
            callbackGasLimit: 200_000,
            maxOutput: 64,
            expiresAt: expiresAt,
            payment: payment
        });
        vm.prank(CONSUMER);
        (ok,) = address(oracle).call{value: payment}(
            abi.encodeCall(IPhatOracle.request, (request.contractId, 0, "", 200_000, 64, expiresAt))
        );
    }

    function slotOf(IPhatOracle.Request memory request) private view returns (bytes32) {
        bytes32[] memory requestIds = new bytes32[](1);
        requestIds[0] = PhatProtocol.requestId(block.chainid, address(oracle), request);
        return oracle.slots(requestIds)[0];
    }
}
