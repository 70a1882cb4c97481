// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IPhatOracle} from "../interfaces/IPhatOracle.sol";
import {Outcome} from "../libraries/Outcome.sol";
import {PhatConsumer} from "../PhatConsumer.sol";

/// @title An example: asks a Phat Contract for the price of a pair, and keeps what it hears
/// @notice Anyone may ask who pays. Everything that is sent along goes with the request, what exceeds {quoteOf} as a tip
/// for whoever answers. A request that nobody answers is refunded to who asked, by {claimRefund}.
///
/// The payload is the JSON object {"base":"BTC","quote":"USD"}; the answer is abi.encode(uint256 price), with as many
/// decimals as the Phat Contract was told in its init data.
contract PriceConsumer is PhatConsumer {
    /// @notice What is known of one request. Two slots: the first is written when asking, the second when answered.
    /// Tickers are ASCII, padded with zeros on the right.
    struct Price {
        address asker;
        bytes6 base;
        bytes6 quote;
        uint176 value;
        uint64 executedAt;
        uint8 outcome;
        bool answered;
    }

    /// @notice Gas of the callback: one new slot, an event, and room to spare.
    uint32 public constant CALLBACK_GAS_LIMIT = 60_000;
    /// @notice An answer has 32 bytes; the rest is for errors.
    uint32 public constant MAX_OUTPUT = 256;
    /// @notice The most characters of a ticker.
    uint256 public constant MAX_TICKER_LENGTH = 6;

    // The bit of each character that a ticker may have: 10 from "0", 26 from "A".
    uint256 private constant TICKER_CHARACTERS = (0x3ff << 48) | (0x3ffffff << 65);

    /// @notice The Phat Contract that is asked.
    bytes32 public immutable contractId;
    /// @notice The least revision of its state that may answer.
    uint64 public immutable minRevision;
    /// @notice For how many seconds a request can be answered.
    uint64 public immutable lifetime;

    mapping(bytes32 requestId => Price) private _prices;

    /// @notice Someone asked for a pair; its tickers are ASCII, padded with zeros on the right.
    event PriceAsked(bytes32 indexed requestId, address indexed asker, bytes6 base, bytes6 quote);
    /// @notice The answer came. `value` is zero for all outcomes but Ok.
    event PriceAnswered(bytes32 indexed requestId, uint8 outcome, uint256 value, uint64 executedAt);
    /// @notice The payment of a request that nobody answered went back to who asked.
    event PriceRefunded(bytes32 indexed requestId, address indexed asker, uint256 amount);

    error InvalidTicker(string ticker);
    error UnreadableAnswer(bytes output);
    error NothingToRefund(bytes32 requestId);

    constructor(IPhatOracle oracle_, bytes32 contractId_, uint64 minRevision_, uint64 lifetime_) PhatConsumer(oracle_) {
        contractId = contractId_;
        minRevision = minRevision_;
        lifetime = lifetime_;
    }

    /// @dev Takes what the oracle pays out for {claimRefund}, and nothing else.
    receive() external payable {
        require(msg.sender == address(oracle), NotTheOracle(msg.sender));
    }

    /// @notice Asks for the price of `base` in `quote`, both 1 to 6 characters of A-Z and 0-9.
    /// @return requestId Where {priceOf} will have the answer.
    function ask(string calldata base, string calldata quote) external payable returns (bytes32 requestId) {
        bytes6 baseTicker = _ticker(base);
        bytes6 quoteTicker = _ticker(quote);
        // The oracle is the constructor's, and calls nobody when it is asked; the id is known only then.
        // slither-disable-next-line reentrancy-benign,reentrancy-events
        requestId =
            _ask(contractId, minRevision, _payload(base, quote), CALLBACK_GAS_LIMIT, MAX_OUTPUT, lifetime, msg.value);
        Price storage price = _prices[requestId];
        price.asker = msg.sender;
        price.base = baseTicker;
        price.quote = quoteTicker;
        emit PriceAsked(requestId, msg.sender, baseTicker, quoteTicker);
    }

    /// @notice Gives back to who asked what a request cost that expired unanswered. Anyone may call it, and the request
    /// may have been cancelled already.
    /// @param request The whole request, as the oracle's event has it.
    function claimRefund(IPhatOracle.Request calldata request) external {
        bytes32 requestId = oracle.requestIdOf(request);
        Price storage price = _prices[requestId];
        address asker = price.asker;
        require(asker != address(0) && !price.answered, NothingToRefund(requestId));
        bytes32[] memory requestIds = new bytes32[](1);
        requestIds[0] = requestId;
        // Not answered and without a slot: cancelled. Otherwise it is for the oracle to say whether it can be.
        // The oracle is the constructor's, and calls nobody when it cancels.
        // slither-disable-next-line reentrancy-no-eth,reentrancy-events
        if (oracle.slots(requestIds)[0] != 0) oracle.cancel(request);

        delete _prices[requestId];
        emit PriceRefunded(requestId, asker, request.payment);
        // The credit may hold the payments of other cancelled requests: all is drawn, and kept for their askers.
        if (oracle.credits(address(this)) != 0) _withdrawRefund(payable(address(this)));
        Address.sendValue(payable(asker), request.payment);
    }

    /// @notice The least to send along with {ask}, in wei.
    function quoteOf(string calldata base, string calldata quote) external view returns (uint256) {
        return oracle.quote(CALLBACK_GAS_LIMIT, _payload(base, quote).length, MAX_OUTPUT);
    }

    /// @notice What is known of a request: all zeros when it isn't one of this contract's, or was refunded.
    function priceOf(bytes32 requestId) external view returns (Price memory) {
        return _prices[requestId];
    }

    /// @dev Stores the outcome in any case; an answer that is no price reverts, and so stays with the oracle.
    function _onPhatReport(bytes32 requestId, uint8 outcome, bytes calldata output, uint64 executedAt)
        internal
        override
    {
        // Zero without an answer.
        // slither-disable-next-line uninitialized-local
        uint176 value;
        if (outcome == Outcome.OK) {
            require(output.length == 32, UnreadableAnswer(output));
            value = SafeCast.toUint176(abi.decode(output, (uint256)));
        }
        Price storage price = _prices[requestId];
        price.value = value;
        price.executedAt = executedAt;
        price.outcome = outcome;
        price.answered = true;
        emit PriceAnswered(requestId, outcome, value, executedAt);
    }

    /// @dev The Phat Contract's input. The tickers must have been checked: nothing in them is escaped.
    function _payload(string calldata base, string calldata quote) private pure returns (bytes memory) {
        return abi.encodePacked('{"base":"', base, '","quote":"', quote, '"}');
    }

    /// @dev A ticker, left-aligned. Only A-Z and 0-9, so that nothing in it has a meaning in JSON.
    function _ticker(string calldata text) private pure returns (bytes6 ticker) {
        bytes calldata characters = bytes(text);
        if (characters.length == 0 || characters.length > MAX_TICKER_LENGTH) revert InvalidTicker(text);
        // Shorter characters are padded with zeros, and they aren't longer.
        // forge-lint: disable-next-line(unsafe-typecast)
        ticker = bytes6(characters);
        for (uint256 i = 0; i < characters.length; ++i) {
            if ((TICKER_CHARACTERS >> uint8(ticker[i])) & 1 == 0) revert InvalidTicker(text);
        }
    }
}
