// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IPhatOracle} from "../../src/interfaces/IPhatOracle.sol";
import {Outcome} from "../../src/libraries/Outcome.sol";
import {OracleFixture} from "../base/OracleFixture.sol";

/// @dev What the tests call of the example, which is compiled apart from them.
interface IPriceConsumer {
    struct Price {
        address asker;
        bytes6 base;
        bytes6 quote;
        uint176 value;
        uint64 executedAt;
        uint8 outcome;
        bool answered;
    }

    event PriceAsked(bytes32 indexed requestId, address indexed asker, bytes6 base, bytes6 quote);
    event PriceAnswered(bytes32 indexed requestId, uint8 outcome, uint256 value, uint64 executedAt);
    event PriceRefunded(bytes32 indexed requestId, address indexed asker, uint256 amount);

    error InvalidTicker(string ticker);
    error UnreadableAnswer(bytes output);
    error NothingToRefund(bytes32 requestId);
    error InvalidOracle(address oracle);
    error NotTheOracle(address caller);

    function ask(string calldata base, string calldata quote) external payable returns (bytes32);
    function quoteOf(string calldata base, string calldata quote) external view returns (uint256);
    function priceOf(bytes32 requestId) external view returns (Price memory);
    function claimRefund(IPhatOracle.Request calldata request) external;
    function onPhatReport(bytes32 requestId, uint8 outcome, bytes calldata output, uint64 executedAt) external;
}

abstract contract PriceConsumerFixture is OracleFixture {
    IPriceConsumer internal consumer;
    address internal asker;

    function setUp() public virtual override {
        super.setUp();
        consumer = deployConsumer(address(oracle));
        asker = account("asker");
        vm.deal(asker, 10 ether);
    }

    function deployConsumer(address oracle_) internal returns (IPriceConsumer) {
        bytes memory arguments = abi.encode(oracle_, CONTRACT_ID, MIN_REVISION, LIFETIME);
        return IPriceConsumer(vm.deployCode("PriceConsumer.sol", arguments));
    }

    /// @dev The asker asks for BTC in USD, and pays PAYMENT.
    function askPrice() internal returns (bytes32 requestId, IPhatOracle.Request memory request) {
        request = expectedRequest(PAYLOAD);
        vm.prank(asker);
        requestId = consumer.ask{value: PAYMENT}("BTC", "USD");
        vm.assertEq(requestId, oracle.requestIdOf(request), "the request that was made");
    }

    function expectedRequest(bytes memory payload) internal view returns (IPhatOracle.Request memory request) {
        request = nextRequest(address(consumer), 60_000);
        request.payloadHash = keccak256(payload);
    }
}

contract PriceConsumerConstructorTest is PriceConsumerFixture {
    function test_Constructor_RevertIf_TheOracleHasNoCode() public {
        vm.expectRevert(abi.encodeWithSelector(IPriceConsumer.InvalidOracle.selector, stranger));
        this.deploy(stranger);
    }

    function deploy(address oracle_) external {
        deployConsumer(oracle_);
    }
}

contract AskTest is PriceConsumerFixture {
    function test_Ask_SendsThePairAsJson() public {
        IPhatOracle.Request memory expected = expectedRequest('{"base":"BTC","quote":"USD"}');
        bytes32 requestId = oracle.requestIdOf(expected);
        vm.expectEmit(address(oracle));
        emit IPhatOracle.RequestSubmitted(
            requestId, CONTRACT_ID, address(consumer), expected, '{"base":"BTC","quote":"USD"}'
        );
        vm.expectEmit(address(consumer));
        emit IPriceConsumer.PriceAsked(requestId, asker, "BTC", "USD");
        askPrice();
    }

    function test_Ask_RemembersWhoAskedForWhat() public {
        (bytes32 requestId,) = askPrice();
        IPriceConsumer.Price memory price = consumer.priceOf(requestId);
        vm.assertEq(price.asker, asker, "asker");
        vm.assertEq(bytes32(price.base), "BTC", "base");
        vm.assertEq(bytes32(price.quote), "USD", "quote");
        vm.assertTrue(!price.answered, "answered");
    }

    function test_Ask_CostsWhatItQuotes() public {
        uint256 price = consumer.quoteOf("WSTETH", "E");
        vm.prank(asker);
        consumer.ask{value: price}("WSTETH", "E");
        vm.expectRevert(abi.encodeWithSelector(IPhatOracle.PaymentTooLow.selector, price - 1, price));
        vm.prank(asker);
        consumer.ask{value: price - 1}("WSTETH", "E");
    }

    function test_Ask_PassesOnAllThatIsPaid() public {
        askPrice();
        vm.assertEq(address(oracle).balance, PAYMENT, "the oracle's balance");
        vm.assertEq(address(consumer).balance, 0, "the consumer keeps nothing");
    }

    function test_Ask_TakesEveryCharacterOfTickersAndNoOther() public {
        for (uint256 code = 0; code < 256; ++code) {
            string memory ticker = string(abi.encodePacked(uint8(code)));
            bool allowed = (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a);
            if (!allowed) vm.expectRevert(abi.encodeWithSelector(IPriceConsumer.InvalidTicker.selector, ticker));
            vm.prank(asker);
            consumer.ask{value: 0.1 ether}("BTC", ticker);
        }
    }

    function test_Ask_RevertIf_ATickerIsEmptyOrLong() public {
        vm.startPrank(asker);
        vm.expectRevert(abi.encodeWithSelector(IPriceConsumer.InvalidTicker.selector, ""));
        consumer.ask{value: PAYMENT}("", "USD");
        vm.expectRevert(abi.encodeWithSelector(IPriceConsumer.InvalidTicker.selector, "BITCOIN"));
        consumer.ask{value: PAYMENT}("BITCOIN", "USD");
        vm.stopPrank();
    }

    function test_Ask_RevertIf_ATickerWouldInjectJson() public {
        string memory injected = "\",\"a\":";
        vm.expectRevert(abi.encodeWithSelector(IPriceConsumer.InvalidTicker.selector, injected));
        vm.prank(asker);
        consumer.ask{value: PAYMENT}(injected, "USD");
    }
}

contract OnPhatReportTest is PriceConsumerFixture {
    function test_OnPhatReport_StoresThePrice() public {
        (bytes32 requestId, IPhatOracle.Request memory request) = askPrice();
        vm.expectEmit(address(consumer));
        emit IPriceConsumer.PriceAnswered(requestId, Outcome.OK, 12_345, START);
        fulfill(requestId, request);
        IPriceConsumer.Price memory price = consumer.priceOf(requestId);
        vm.assertEq(price.value, 12_345, "value");
        vm.assertEq(price.executedAt, START, "executedAt");
        vm.assertEq(price.outcome, Outcome.OK, "outcome");
        vm.assertTrue(price.answered, "answered");
        vm.assertEq(bytes32(price.base), "BTC", "the pair is still known");
        vm.assertEq(slotOf(requestId), 0, "the callback had gas enough");
    }

    function testFuzz_OnPhatReport_StoresAFailureWithoutAPrice(uint8 outcome) public {
        outcome = uint8(bound(outcome, 1, 255));
        (bytes32 requestId, IPhatOracle.Request memory request) = askPrice();
        IPhatOracle.Report memory report = okReport();
        report.outcome = outcome;
        report.output = abi.encode(uint256(666));
        oracle.fulfill(request, report, signed(requestId, report));
        IPriceConsumer.Price memory price = consumer.priceOf(requestId);
        vm.assertEq(price.outcome, outcome, "outcome");
        vm.assertEq(price.value, 0, "an error's bytes are no price");
        vm.assertTrue(price.answered, "answered");
    }

    function test_OnPhatReport_LeavesAnAnswerThatIsNoPriceWithTheOracle() public {
        expectUnread("");
        expectUnread(new bytes(31));
        expectUnread(new bytes(33));
        expectUnread(abi.encode(uint256(1) << 176));
    }

    function test_OnPhatReport_RevertIf_CallerIsNotTheOracle() public {
        (bytes32 requestId,) = askPrice();
        vm.expectRevert(abi.encodeWithSelector(IPriceConsumer.NotTheOracle.selector, stranger));
        vm.prank(stranger);
        consumer.onPhatReport(requestId, Outcome.OK, abi.encode(uint256(1)), START);
    }

    function expectUnread(bytes memory output) private {
        (bytes32 requestId, IPhatOracle.Request memory request) = askPrice();
        IPhatOracle.Report memory report = okReport();
        report.output = output;
        oracle.fulfill(request, report, signed(requestId, report));
        vm.assertTrue(!consumer.priceOf(requestId).answered, "answered");
        vm.assertTrue(slotOf(requestId) != 0, "kept by the oracle");
    }
}

contract ClaimRefundTest is PriceConsumerFixture {
    function test_ClaimRefund_PaysWhoAsked() public {
        (bytes32 requestId, IPhatOracle.Request memory request) = askPrice();
        vm.warp(START + LIFETIME + 1);
        vm.expectEmit(address(consumer));
        emit IPriceConsumer.PriceRefunded(requestId, asker, PAYMENT);
        vm.prank(stranger);
        consumer.claimRefund(request);
        vm.assertEq(asker.balance, 10 ether, "the asker has everything back");
        vm.assertEq(slotOf(requestId), 0, "cancelled");
    }

    function test_ClaimRefund_PaysEachAskerWhoeverCancelled() public {
        (, IPhatOracle.Request memory first) = askPrice();
        address another = account("another asker");
        vm.deal(another, 2 * PAYMENT);
        IPhatOracle.Request memory second = expectedRequest('{"base":"ETH","quote":"USD"}');
        second.payment = 2 * PAYMENT;
        vm.prank(another);
        consumer.ask{value: 2 * PAYMENT}("ETH", "USD");
        vm.warp(START + LIFETIME + 1);
        oracle.cancel(first);
        oracle.cancel(second);
        consumer.claimRefund(second);
        vm.assertEq(another.balance, 2 * PAYMENT, "the second asker's refund");
        consumer.claimRefund(first);
        vm.assertEq(asker.balance, 10 ether, "the first asker's refund");
        vm.assertEq(address(consumer).balance, 0, "nothing is left");
    }

    function test_ClaimRefund_RevertIf_NotExpired() public {
        (, IPhatOracle.Request memory request) = askPrice();
        vm.expectPartialRevert(IPhatOracle.RequestNotExpired.selector);
        consumer.claimRefund(request);
    }

    function test_ClaimRefund_RevertIf_ClaimedAlready() public {
        (bytes32 requestId, IPhatOracle.Request memory request) = askPrice();
        askPrice();
        vm.warp(START + LIFETIME + 1);
        consumer.claimRefund(request);
        vm.expectRevert(abi.encodeWithSelector(IPriceConsumer.NothingToRefund.selector, requestId));
        consumer.claimRefund(request);
    }

    function test_ClaimRefund_RevertIf_Answered() public {
        (bytes32 requestId, IPhatOracle.Request memory request) = askPrice();
        fulfill(requestId, request);
        vm.warp(START + LIFETIME + 1);
        vm.expectRevert(abi.encodeWithSelector(IPriceConsumer.NothingToRefund.selector, requestId));
        consumer.claimRefund(request);
    }

    function test_ClaimRefund_RevertIf_TheAnswerWasUnreadable() public {
        (bytes32 requestId, IPhatOracle.Request memory request) = askPrice();
        IPhatOracle.Report memory report = okReport();
        report.output = "";
        oracle.fulfill(request, report, signed(requestId, report));
        vm.warp(START + LIFETIME + 1);
        vm.expectPartialRevert(IPhatOracle.RequestNotPending.selector);
        consumer.claimRefund(request);
    }

    function test_ClaimRefund_RevertIf_AnotherAsked() public {
        (bytes32 requestId, IPhatOracle.Request memory request) = ask(stranger);
        vm.warp(START + LIFETIME + 1);
        vm.expectRevert(abi.encodeWithSelector(IPriceConsumer.NothingToRefund.selector, requestId));
        consumer.claimRefund(request);
    }

    function test_Receive_RevertIf_EtherComesFromAnybodyElse() public {
        vm.prank(asker);
        (bool ok,) = address(consumer).call{value: 1}("");
        vm.assertTrue(!ok, "only the oracle pays in");
    }
}
