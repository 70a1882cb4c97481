// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ITimelockedAdditions} from "./ITimelockedAdditions.sol";

/// @title What the owner of an oracle may set
/// @notice The owner is whoever holds DEFAULT_ADMIN_ROLE; to lower the threshold is an addition
/// ({ITimelockedAdditions}).
interface IOracleSettings is ITimelockedAdditions {
    // A parameter is named after the setting that it becomes: there is no code here to mistake one for the other.
    // slither-disable-start shadowing-local
    /// @notice What a request costs: the sum over all four, in wei.
    struct Prices {
        uint96 perRequest;
        uint96 perCallbackGas;
        uint80 perPayloadByte;
        uint80 perOutputByte;
    }

    /// @notice What the oracle's owner may set.
    struct Settings {
        /// Signatures that a report needs, of as many operators: 1 to 32.
        uint8 threshold;
        /// The least time between a request and its expiry, in seconds: at least 60, and longer than the chain's finality.
        uint32 minLifetime;
        /// The most time between a request and its expiry, in seconds: at most 30 days.
        uint32 maxLifetime;
        Prices prices;
    }

    /// @notice The number of signatures that a report needs changed.
    event ThresholdChanged(uint8 threshold);
    /// @notice The bounds of a request's lifetime changed.
    event LifetimesChanged(uint32 minLifetime, uint32 maxLifetime);
    /// @notice The prices changed, for requests to come.
    event PricesChanged(Prices prices);

    error InvalidThreshold(uint8 threshold);
    error InvalidLifetimes(uint32 minLifetime, uint32 maxLifetime);

    /// @notice Sets the number of signatures that a report needs: 1 to 32. To lower it is an addition.
    function setThreshold(uint8 threshold) external;

    /// @notice Sets the bounds of a request's lifetime, in seconds: 60 <= minLifetime <= maxLifetime <= 30 days. The
    /// least should be longer than the chain takes to finalise.
    function setLifetimes(uint32 minLifetime, uint32 maxLifetime) external;

    /// @notice Sets the prices of requests to come.
    function setPrices(Prices calldata prices) external;

    /// @notice Stops requests, reports and retries; never cancel or withdraw.
    function pause() external;

    /// @notice Takes {pause} back.
    function unpause() external;

    /// @notice The number of signatures that a report needs.
    function threshold() external view returns (uint8);

    /// @notice All that the owner may set.
    function settings() external view returns (Settings memory);

    /// @notice Whether requests, reports and retries are stopped.
    function paused() external view returns (bool);
    // slither-disable-end shadowing-local
}
