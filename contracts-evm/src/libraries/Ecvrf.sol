// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {P256Points} from "./P256Points.sol";

/// @title ECVRF-P256-SHA256-TAI of RFC 9381 (suite 0x01), checked whole
/// @notice For one key and one input there is one output, whatever the key's holder does; a proof shows that it is that.
library Ecvrf {
    /// @notice The length of a public key: a compressed point.
    uint256 internal constant PUBLIC_KEY_LENGTH = 33;
    /// @notice The length of a proof: a compressed point (Gamma), 16 bytes (c), 32 bytes (s).
    uint256 internal constant PROOF_LENGTH = 81;

    /// @dev A point of the curve that isn't the identity.
    struct Point {
        uint256 x;
        uint256 y;
    }

    /// @notice Checks a proof (RFC 9381, section 5.3).
    /// @param publicKey The key as the RFC encodes it.
    /// @param alpha The input.
    /// @param proof `pi_string`.
    /// @return ok Whether it is a proof of this key's for this input.
    /// @return output `beta_string`, if so.
    function verify(bytes memory publicKey, bytes memory alpha, bytes memory proof)
        internal
        view
        returns (bool ok, bytes32 output)
    {
        if (publicKey.length != PUBLIC_KEY_LENGTH || proof.length != PROOF_LENGTH) return (false, 0);
        (uint256 c, uint256 s) = _scalars(proof);
        if (s >= P256Points.N) return (false, 0);
        Point memory key;
        Point memory gamma;
        Point memory h;
        (ok, key) = _decode(publicKey);
        if (!ok) return (false, 0);
        (ok, gamma) = _decode(proof);
        if (!ok) return (false, 0);
        (ok, h) = encodeToCurve(publicKey, alpha);
        if (!ok) return (false, 0);

        Point memory u = Point(P256Points.GX, P256Points.GY);
        // s·B - c·Y and s·H - c·Gamma: the identity is no value of either that has an encoding.
        (ok, u.x, u.y) = P256Points.mulAdd(u.x, u.y, s, key.x, P256Points.P - key.y, c);
        if (!ok) return (false, 0);
        // Filled at once.
        // slither-disable-next-line uninitialized-local
        Point memory v;
        (ok, v.x, v.y) = P256Points.mulAdd(h.x, h.y, s, gamma.x, P256Points.P - gamma.y, c);
        if (!ok) return (false, 0);

        bytes memory encodedGamma = encode(gamma);
        bytes32 challenge =
            sha256(abi.encodePacked(hex"0102", publicKey, encode(h), encodedGamma, encode(u), encode(v), hex"00"));
        if (uint256(challenge) >> 128 != c) return (false, 0);
        return (true, sha256(abi.encodePacked(hex"0103", encodedGamma, hex"00")));
    }

    /// @dev ECVRF_encode_to_curve_try_and_increment (section 5.4.1.1), salted with the public key. Each try succeeds in
    /// one case of two.
    function encodeToCurve(bytes memory publicKey, bytes memory alpha)
        internal
        view
        returns (bool found, Point memory point)
    {
        for (uint256 counter = 0; counter < 256 && !found; ++counter) {
            // forge-lint: disable-next-line(unsafe-typecast)
            bytes32 candidate = sha256(abi.encodePacked(hex"0101", publicKey, alpha, uint8(counter), hex"00"));
            point.x = uint256(candidate);
            (found, point.y) = P256Points.decompress(point.x, false);
        }
    }

    /// @dev c and s of a proof.
    function _scalars(bytes memory proof) private pure returns (uint256 c, uint256 s) {
        assembly ("memory-safe") {
            // Behind the length and 33 bytes of Gamma are 16 bytes, and 32.
            c := shr(128, mload(add(proof, 0x41)))
            s := mload(add(proof, 0x51))
        }
    }

    /// @dev The point that the first 33 bytes are the compressed form of (SEC 1, section 2.3.4).
    function _decode(bytes memory encoded) private view returns (bool found, Point memory point) {
        uint256 tag;
        uint256 x;
        assembly ("memory-safe") {
            tag := byte(0, mload(add(encoded, 0x20)))
            x := mload(add(encoded, 0x21))
        }
        if (tag != 2 && tag != 3) return (false, point);
        point.x = x;
        (found, point.y) = P256Points.decompress(x, tag == 3);
    }

    /// @dev The compressed form (SEC 1, section 2.3.3).
    function encode(Point memory point) internal pure returns (bytes memory) {
        // forge-lint: disable-next-line(unsafe-typecast)
        return abi.encodePacked(uint8(2 + (point.y & 1)), point.x);
    }
}
