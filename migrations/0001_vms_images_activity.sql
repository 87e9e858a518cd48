-- Times are ISO 8601 text in UTC with milliseconds. Lists and maps are JSON text.

CREATE TABLE images (
    sequence           INTEGER PRIMARY KEY AUTOINCREMENT,
    id                 TEXT NOT NULL UNIQUE,
    name               TEXT NOT NULL,
    description        TEXT NOT NULL,
    created_at         TEXT NOT NULL,
    is_default         INTEGER NOT NULL CHECK (is_default IN (0, 1)),
    rootfs_digest      TEXT NOT NULL,
    rootfs_filename    TEXT NOT NULL,
    rootfs_format      TEXT NOT NULL,
    rootfs_bytes       INTEGER NOT NULL CHECK (rootfs_bytes >= 0),
    rootfs_uploaded_at TEXT NOT NULL,
    -- 1 once the file named by rootfs_digest is in the image folder, whole and checked
    rootfs_complete    INTEGER NOT NULL CHECK (rootfs_complete IN (0, 1))
) STRICT;
CREATE UNIQUE INDEX images_one_default ON images (is_default) WHERE is_default = 1;
CREATE INDEX images_by_digest ON images (rootfs_digest);

CREATE TABLE vms (
    sequence          INTEGER PRIMARY KEY AUTOINCREMENT,
    id                TEXT NOT NULL UNIQUE,
    state             TEXT NOT NULL CHECK (state IN ('CREATED', 'STARTING', 'RUNNING', 'STOPPING', 'STOPPED', 'DELETED', 'ERROR')),
    error             TEXT NOT NULL,
    name              TEXT NOT NULL,
    labels            TEXT NOT NULL,
    cpu               INTEGER NOT NULL CHECK (cpu >= 1),
    memory_mib        INTEGER NOT NULL CHECK (memory_mib >= 1),
    disk_mib          INTEGER NOT NULL CHECK (disk_mib >= 1),
    -- the guest's address is 172.16.0.0 plus this
    guest_ip_offset   INTEGER NOT NULL UNIQUE CHECK (guest_ip_offset BETWEEN 2 AND 65534),
    allow_ips         TEXT NOT NULL,
    outbound_internet INTEGER NOT NULL CHECK (outbound_internet IN (0, 1)),
    driver            TEXT NOT NULL,
    profile           TEXT NOT NULL,
    image_id          TEXT NOT NULL REFERENCES images (id),
    rootfs_digest     TEXT NOT NULL,
    kernel_digest     TEXT NOT NULL,
    initramfs_digest  TEXT NOT NULL,
    created_at        TEXT NOT NULL,
    last_active_at    TEXT NOT NULL
) STRICT;
CREATE INDEX vms_by_image ON vms (image_id);

CREATE TABLE activity (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    type        TEXT NOT NULL,
    entity_type TEXT NOT NULL,
    entity_id   TEXT NOT NULL,
    message     TEXT NOT NULL,
    created_at  TEXT NOT NULL,
    meta        TEXT NOT NULL
) STRICT;
