//! What the pallet tells, and what it refuses.

use frame_support::pallet_macros::pallet_section;

/// The events and errors, as a part of the pallet's module.
#[pallet_section]
mod events {
    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// Somebody asked. The event has everything that the id binds, but for genesis and instance.
        RequestSubmitted {
            /// The request.
            request_id: RequestId,
            /// The contract that is asked.
            contract_id: ContractId,
            /// Who asked, and is called back.
            requester: T::AccountId,
            /// The pallet's count of requests.
            sequence: u64,
            /// The hash of the block before this one.
            parent_hash: [u8; 32],
            /// The least revision of the contract's state that may answer.
            min_revision: u64,
            /// What is asked.
            payload: Payload,
            /// The longest output, in bytes.
            max_output: u32,
            /// Until when an answer is accepted, unix seconds.
            expires_at: u64,
            /// What is on hold for the answer.
            payment: BalanceOf<T>,
        },
        /// A report was accepted and paid.
        RequestFulfilled {
            /// The request.
            request_id: RequestId,
            /// Whether the consumer took the answer. If not, the answer waits for a retry until the request expires.
            callback_ok: bool,
            /// The answer: a requester without a pallet hears it here.
            report: ReportOf<T>,
        },
        /// An expired request was given up and its payment released.
        RequestCancelled {
            /// The request.
            request_id: RequestId,
        },
        /// An answer whose consumer had failed was forgotten, since its request expired.
        AnswerDropped {
            /// The request.
            request_id: RequestId,
        },
        /// A consumer that had failed took its answer.
        CallbackRetried {
            /// The request.
            request_id: RequestId,
        },
        /// An entry of a batch was passed over.
        EntrySkipped {
            /// The request that the entry names.
            request_id: RequestId,
            /// Why.
            reason: SkipReason,
        },
        /// An account could not take an amount, which it can withdraw once it is worth an account.
        Credited {
            /// Whose it is.
            account: T::AccountId,
            /// How much was added.
            amount: BalanceOf<T>,
        },
        /// A credit was paid out.
        Withdrawn {
            /// To whom.
            account: T::AccountId,
            /// How much.
            amount: BalanceOf<T>,
        },
        /// A worker was registered, or its registration renewed.
        WorkerRegistered {
            /// The worker.
            worker: WorkerAddress,
            /// Who runs it.
            operator: T::AccountId,
            /// Until when it counts, unix seconds.
            expiry: u64,
        },
        /// A worker never counts again.
        WorkerRevoked {
            /// The worker.
            worker: WorkerAddress,
        },
        /// Workers of this pair may register, and count.
        PairAllowed {
            /// What they are measured as.
            measurement: Measurement,
            /// What they are configured as.
            config_hash: ConfigHash,
        },
        /// Workers of this pair don't count.
        PairDisallowed {
            /// What they are measured as.
            measurement: Measurement,
            /// What they are configured as.
            config_hash: ConfigHash,
        },
        /// So many workers must have signed a report.
        ThresholdChanged {
            /// The threshold.
            threshold: u32,
        },
        /// Requests have to expire so far ahead of the clock.
        LifetimesChanged {
            /// At least, in seconds.
            min: u64,
            /// At most, in seconds.
            max: u64,
        },
        /// Requests cost this at least.
        PriceChanged {
            /// The prices.
            price: Prices<BalanceOf<T>>,
        },
        /// Asking, fulfilling and retrying were stopped, or go on.
        PausedChanged {
            /// Whether they are stopped.
            paused: bool,
        },
        /// An operator may have so many workers.
        MaxWorkersPerOperatorChanged {
            /// The most.
            max: u32,
        },
        /// Registrations from now on count so long.
        RegistrationValidityChanged {
            /// In seconds.
            validity: u64,
        },
    }

    #[pallet::error]
    #[derive(PartialEq)]
    pub enum Error<T> {
        /// Asking, fulfilling and retrying are stopped.
        Paused,
        /// The payment is below the price.
        PaymentTooLow,
        /// The request expires too soon or too late.
        ExpiryOutOfBounds,
        /// The most output that is asked for is above 16 KiB.
        MaxOutputTooLarge,
        /// The payload is longer than 16 KiB.
        PayloadTooLarge,
        /// The request is unknown, answered or cancelled.
        NotPending,
        /// The request expired.
        Expired,
        /// The request has not expired.
        NotExpired,
        /// The report was executed more than 300 s ahead of the chain's clock.
        ExecutedInFuture,
        /// The output is longer than the request allows.
        OutputTooLong,
        /// There are more or fewer signatures than the threshold.
        WrongSignatureCount,
        /// A signature has another v than 27 and 28, a high s, or recovers no key.
        BadSignature,
        /// The signers are not in strictly ascending order.
        SignersNotAscending,
        /// A signer is no worker that counts, or a worker to be revoked was never registered.
        UnknownWorker,
        /// Two signers have the same operator.
        SameOperator,
        /// A batch without entries.
        EmptyBatch,
        /// There is no answer that its consumer did not take.
        NoFailedCallback,
        /// The consumer failed again.
        CallbackFailed,
        /// The account has no credit.
        NothingToWithdraw,
        /// The worker's address is zero.
        ZeroWorker,
        /// The worker was revoked.
        WorkerRevoked,
        /// Another operator registered the worker.
        WorkerOfAnotherOperator,
        /// The operator has as many workers as it may.
        TooManyWorkers,
        /// The block that the evidence vouches for is unknown or more than 256 blocks old.
        BlockNotRecent,
        /// The verifier refuses the evidence.
        EvidenceRefused,
        /// The evidence vouches for something else than the registration says.
        EvidenceMismatch,
        /// Workers of this measurement and configuration are not allowed.
        PairNotAllowed,
        /// Neither the admin nor the worker's operator, or the registration of another's worker.
        NotOperator,
        /// A setting out of its bounds.
        InvalidSetting,
    }
}
