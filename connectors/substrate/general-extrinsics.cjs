// Lets chopsticks take extrinsics of version 5 that nobody signs ("general" ones). It asks each extrinsic for its signer,
// to count what an account has in the pool; @polkadot/types 16 throws where there is none. Loaded by `node --require`.
"use strict";

const { GenericExtrinsic } = require("@polkadot/types/extrinsic");

const base = Object.getPrototypeOf(GenericExtrinsic.prototype);
const { get: signer } = Object.getOwnPropertyDescriptor(base, "signer");

Object.defineProperty(base, "signer", {
  get() {
    return this.inner.signature === undefined || this.isGeneral() ? "" : signer.call(this);
  },
});
