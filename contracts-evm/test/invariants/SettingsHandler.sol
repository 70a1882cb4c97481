// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IOracleSettings} from "../../src/interfaces/IOracleSettings.sol";
import {Authority} from "./Authority.sol";

/// @title Has everyone try to change an oracle's settings, and keeps the books of them
contract SettingsHandler is Authority {
    IOracleSettings private immutable _oracle;
    IOracleSettings.Settings private _settings;
    bool private _paused;

    constructor(IOracleSettings oracle, address[] memory everyone) Authority(oracle, everyone) {
        _oracle = oracle;
        _settings = oracle.settings();
    }

    function doSetThreshold(uint256 number) external {
        uint256 seed = _hash(number);
        uint8 threshold = uint8((seed >> 16) % 8 == 0 ? seed >> 24 : (seed >> 24) % 4);
        bool allowed = _mayChange(_caller(seed), threshold < _settings.threshold) && threshold > 0 && threshold <= 32;
        bytes memory call = abi.encodeCall(_oracle.setThreshold, (threshold));
        bytes32 what = threshold < _settings.threshold ? bytes32("threshold lowered") : bytes32("threshold raised");
        if (_try(seed, call, allowed, what)) _settings.threshold = threshold;
    }

    function doSetLifetimes(uint256 number) external {
        uint256 seed = _hash(number);
        uint32 least = uint32(50 + (seed >> 16) % 100);
        uint32 most = uint32((seed >> 32) % 2 == 0 ? 55 + (seed >> 40) % 100 : 30 days - 10 + (seed >> 40) % 20);
        bool allowed = _isAdmin(_caller(seed)) && least >= 60 && least <= most && most <= 30 days;
        if (!_try(seed, abi.encodeCall(_oracle.setLifetimes, (least, most)), allowed, "lifetimes set")) return;
        (_settings.minLifetime, _settings.maxLifetime) = (least, most);
    }

    function doSetPrices(uint256 number, IOracleSettings.Prices calldata prices) external {
        uint256 seed = _hash(number);
        bytes memory call = abi.encodeCall(_oracle.setPrices, (prices));
        if (_try(seed, call, _isAdmin(_caller(seed)), "prices set")) _settings.prices = prices;
    }

    function doPause(uint256 number) external {
        uint256 seed = _hash(number);
        bool pauses = (seed >> 8) % 2 == 0;
        bool allowed = _isAdmin(_caller(seed)) && _paused != pauses;
        bytes memory call = pauses ? abi.encodeCall(_oracle.pause, ()) : abi.encodeCall(_oracle.unpause, ());
        if (_try(seed, call, allowed, pauses ? bytes32("paused") : bytes32("unpaused"))) _paused = pauses;
    }

    /// @notice What the settings must be.
    function settingsDue() external view returns (IOracleSettings.Settings memory, bool paused) {
        return (_settings, _paused);
    }
}
