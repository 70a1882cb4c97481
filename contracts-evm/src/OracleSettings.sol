// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";

import {IOracleSettings} from "./interfaces/IOracleSettings.sol";
import {IPhatOracle} from "./interfaces/IPhatOracle.sol";
import {TimelockedAdditions} from "./access/TimelockedAdditions.sol";

/// @title What the owner of an oracle may set, within which bounds, and what follows for the price of a request
abstract contract OracleSettings is IPhatOracle, TimelockedAdditions, Pausable {
    /// @notice The least `minLifetime`, in seconds.
    uint32 public constant MIN_LIFETIME = 60;
    /// @notice The most `maxLifetime`, in seconds. Workers remember what they answered for as long.
    uint32 public constant MAX_LIFETIME = 30 days;
    /// @notice The most signatures that a report can need.
    uint8 public constant MAX_THRESHOLD = 32;

    /// @notice The most bytes of a payload, and of an output.
    uint256 public constant MAX_BYTES = 16 * 1024;
    /// @notice The most gas of a callback: a few fit into one transaction of EIP-7825's 2^24 gas.
    uint256 public constant MAX_CALLBACK_GAS = 5_000_000;

    // One slot, together with Pausable's flag.
    uint64 public override sequence;
    uint8 public override threshold;
    uint32 internal _minLifetime;
    uint32 internal _maxLifetime;
    uint96 internal _pricePerRequest;
    // One slot.
    uint96 internal _pricePerCallbackGas;
    uint80 internal _pricePerPayloadByte;
    uint80 internal _pricePerOutputByte;

    constructor(address admin, Settings memory settings_) TimelockedAdditions(admin) {
        _setThreshold(settings_.threshold);
        _setLifetimes(settings_.minLifetime, settings_.maxLifetime);
        _setPrices(settings_.prices);
    }

    /// @inheritdoc IOracleSettings
    function setThreshold(uint8 threshold_) external {
        _checkChange({widens: threshold_ < threshold});
        _setThreshold(threshold_);
    }

    /// @inheritdoc IOracleSettings
    function setLifetimes(uint32 minLifetime_, uint32 maxLifetime_) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _setLifetimes(minLifetime_, maxLifetime_);
    }

    /// @inheritdoc IOracleSettings
    function setPrices(Prices calldata prices) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _setPrices(prices);
    }

    /// @inheritdoc IOracleSettings
    function pause() external onlyRole(DEFAULT_ADMIN_ROLE) {
        _pause();
    }

    /// @inheritdoc IOracleSettings
    function unpause() external onlyRole(DEFAULT_ADMIN_ROLE) {
        _unpause();
    }

    /// @inheritdoc IOracleSettings
    function settings() external view returns (Settings memory) {
        return Settings({
            threshold: threshold,
            minLifetime: _minLifetime,
            maxLifetime: _maxLifetime,
            prices: Prices({
                perRequest: _pricePerRequest,
                perCallbackGas: _pricePerCallbackGas,
                perPayloadByte: _pricePerPayloadByte,
                perOutputByte: _pricePerOutputByte
            })
        });
    }

    /// @inheritdoc IOracleSettings
    function paused() public view override(IOracleSettings, Pausable) returns (bool) {
        return super.paused();
    }

    /// @inheritdoc IPhatOracle
    function quote(uint32 callbackGasLimit, uint256 payloadLength, uint32 maxOutput) public view returns (uint256) {
        if (payloadLength > MAX_BYTES) revert PayloadTooLarge(payloadLength, MAX_BYTES);
        if (maxOutput > MAX_BYTES) revert MaxOutputTooLarge(maxOutput, MAX_BYTES);
        if (callbackGasLimit > MAX_CALLBACK_GAS) revert CallbackGasLimitTooHigh(callbackGasLimit, MAX_CALLBACK_GAS);
        unchecked {
            // Nothing overflows: prices have at most 96 bits, and what they are multiplied with 32.
            return _pricePerRequest + uint256(_pricePerCallbackGas) * callbackGasLimit + _pricePerPayloadByte
                * payloadLength + uint256(_pricePerOutputByte) * maxOutput;
        }
    }

    function _setThreshold(uint8 threshold_) private {
        require(threshold_ != 0 && threshold_ <= MAX_THRESHOLD, InvalidThreshold(threshold_));
        threshold = threshold_;
        emit ThresholdChanged(threshold_);
    }

    function _setLifetimes(uint32 minLifetime_, uint32 maxLifetime_) private {
        require(
            MIN_LIFETIME <= minLifetime_ && minLifetime_ <= maxLifetime_ && maxLifetime_ <= MAX_LIFETIME,
            InvalidLifetimes(minLifetime_, maxLifetime_)
        );
        _minLifetime = minLifetime_;
        _maxLifetime = maxLifetime_;
        emit LifetimesChanged(minLifetime_, maxLifetime_);
    }

    function _setPrices(Prices memory prices) private {
        _pricePerRequest = prices.perRequest;
        _pricePerCallbackGas = prices.perCallbackGas;
        _pricePerPayloadByte = prices.perPayloadByte;
        _pricePerOutputByte = prices.perOutputByte;
        emit PricesChanged(prices);
    }
}
