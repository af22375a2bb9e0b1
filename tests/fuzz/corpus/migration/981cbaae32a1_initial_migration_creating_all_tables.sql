-- revision: 981cbaae32a1
-- down_revision: none
-- message: Initial migration creating all tables
-- created: 2026-02-12T23:20:18Z
-- migrate:up
CREATE TABLE accounts (
    id INTEGER NOT NULL PRIMARY KEY,
    msisdn VARCHAR(20) NOT NULL,
    email VARCHAR(255) NOT NULL,
    batch_id VARCHAR(64) NOT NULL,
    pin VARCHAR(16),
    status VARCHAR(9) DEFAULT 'NEW' NOT NULL
        CHECK (status IN ('NEW', 'ACTIVE', 'EXHAUSTED', 'DISABLED')),
    is_reseller BOOLEAN DEFAULT 0 NOT NULL CHECK (is_reseller IN (0, 1)),
    balance_last INTEGER,
    used_count INTEGER DEFAULT 0 NOT NULL,
    last_used_at DATETIME,
    last_device_id VARCHAR(64),
    notes TEXT,
    created_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL,
    updated_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL,
    CONSTRAINT uq_accounts_msisdn_batch_id UNIQUE (msisdn, batch_id)
);
CREATE INDEX ix_accounts_batch_id ON accounts (batch_id);
CREATE INDEX ix_accounts_email ON accounts (email);
CREATE INDEX ix_accounts_msisdn ON accounts (msisdn);
CREATE INDEX ix_accounts_status ON accounts (status);

CREATE TABLE servers (
    id INTEGER NOT NULL PRIMARY KEY,
    port INTEGER NOT NULL,
    base_url VARCHAR(255) NOT NULL,
    description TEXT,
    timeout INTEGER DEFAULT 10 NOT NULL,
    retries INTEGER DEFAULT 3 NOT NULL,
    wait_between_retries INTEGER DEFAULT 1 NOT NULL,
    max_requests_queued INTEGER DEFAULT 5 NOT NULL,
    is_active BOOLEAN DEFAULT 1 NOT NULL CHECK (is_active IN (0, 1)),
    parameters JSON,
    device_id VARCHAR(64),
    notes TEXT,
    created_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL,
    updated_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL,
    CONSTRAINT uq_servers_port UNIQUE (port),
    CONSTRAINT uq_servers_base_url UNIQUE (base_url)
);

CREATE TABLE bindings (
    id INTEGER NOT NULL PRIMARY KEY,
    server_id INTEGER NOT NULL REFERENCES servers (id) ON DELETE RESTRICT,
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE RESTRICT,
    batch_id VARCHAR(64) NOT NULL,
    step VARCHAR(19) DEFAULT 'BOUND' NOT NULL
        CHECK (step IN ('BOUND', 'OTP_REQUESTED', 'OTP_VERIFICATION', 'OTP_VERIFIED',
                        'TOKEN_LOGIN_FETCHED', 'LOGGED_OUT')),
    is_reseller BOOLEAN DEFAULT 0 NOT NULL CHECK (is_reseller IN (0, 1)),
    balance_start INTEGER,
    balance_last INTEGER,
    last_error_code VARCHAR(64),
    last_error_message TEXT,
    token_login TEXT,
    token_location TEXT,
    token_location_refreshed_at DATETIME,
    device_id VARCHAR(64),
    bound_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL,
    unbound_at DATETIME,
    created_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL,
    updated_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL
);
CREATE INDEX ix_bindings_account_id ON bindings (account_id);
CREATE INDEX ix_bindings_batch_id ON bindings (batch_id);
CREATE INDEX ix_bindings_server_id ON bindings (server_id);

CREATE TABLE transactions (
    id INTEGER NOT NULL PRIMARY KEY,
    trx_id VARCHAR(64) NOT NULL,
    t_id VARCHAR(64),
    server_id INTEGER NOT NULL REFERENCES servers (id),
    account_id INTEGER NOT NULL REFERENCES accounts (id),
    binding_id INTEGER NOT NULL REFERENCES bindings (id),
    batch_id VARCHAR(64) NOT NULL,
    device_id VARCHAR(64),
    product_id VARCHAR(64),
    email VARCHAR(255),
    limit_harga INTEGER,
    amount INTEGER,
    voucher_code VARCHAR(64),
    status VARCHAR(10) DEFAULT 'PROCESSING' NOT NULL
        CHECK (status IN ('PROCESSING', 'PAUSED', 'RESUMED', 'SUKSES', 'SUSPECT', 'GAGAL')),
    is_success BOOLEAN CHECK (is_success IN (0, 1)),
    error_message TEXT,
    otp_required BOOLEAN DEFAULT 0 NOT NULL CHECK (otp_required IN (0, 1)),
    otp_status VARCHAR(7) CHECK (otp_status IN ('PENDING', 'SUCCESS', 'FAILED')),
    paused_at DATETIME,
    resumed_at DATETIME,
    pause_reason TEXT,
    created_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL,
    updated_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL
);
CREATE INDEX ix_transactions_account_id ON transactions (account_id);
CREATE INDEX ix_transactions_batch_id ON transactions (batch_id);
CREATE INDEX ix_transactions_binding_id ON transactions (binding_id);
CREATE INDEX ix_transactions_server_id ON transactions (server_id);
CREATE INDEX ix_transactions_t_id ON transactions (t_id);
CREATE INDEX ix_transactions_trx_id ON transactions (trx_id);

CREATE TABLE transaction_snapshots (
    id INTEGER NOT NULL PRIMARY KEY,
    transaction_id INTEGER NOT NULL REFERENCES transactions (id),
    balance_start INTEGER,
    balance_end INTEGER,
    trx_idv_raw JSON,
    status_idv_raw JSON,
    created_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL,
    updated_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL
);
CREATE INDEX ix_transaction_snapshots_transaction_id ON transaction_snapshots (transaction_id);

-- migrate:down
DROP TABLE transaction_snapshots;
DROP TABLE transactions;
DROP TABLE bindings;
DROP TABLE servers;
DROP TABLE accounts;
