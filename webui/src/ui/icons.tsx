// Small line icons. All are decoration: the control that holds one says in words what it does.

import type { ComponentChildren } from "preact";

function Icon(props: { children: ComponentChildren }) {
    return (
        <svg class="icon" viewBox="0 0 20 20" width="18" height="18" aria-hidden="true" focusable="false">
            {props.children}
        </svg>
    );
}

export const PlusIcon = () => (
    <Icon>
        <path d="M10 4v12M4 10h12" />
    </Icon>
);

export const PlayIcon = () => (
    <Icon>
        <path d="M6.5 4.5v11l9-5.5z" />
    </Icon>
);

export const StopIcon = () => (
    <Icon>
        <rect x="5" y="5" width="10" height="10" rx="1.5" />
    </Icon>
);

export const TrashIcon = () => (
    <Icon>
        <path d="M3.5 5.5h13M8 5.5V3.5h4v2M5 5.5l.8 11h8.4l.8-11M8.3 8.5v5M11.7 8.5v5" />
    </Icon>
);

export const BackIcon = () => (
    <Icon>
        <path d="M12 4.5 6.5 10l5.5 5.5" />
    </Icon>
);

export const AlertIcon = () => (
    <Icon>
        <path d="M10 3 2.5 16.5h15zM10 8v4M10 14.3v.2" />
    </Icon>
);

export const CloseIcon = () => (
    <Icon>
        <path d="m5 5 10 10M15 5 5 15" />
    </Icon>
);

export const CopyIcon = () => (
    <Icon>
        <rect x="7" y="7" width="9.5" height="9.5" rx="1.5" />
        <path d="M13 7V5a1.5 1.5 0 0 0-1.5-1.5H5A1.5 1.5 0 0 0 3.5 5v6.5A1.5 1.5 0 0 0 5 13h2" />
    </Icon>
);

export const DownloadIcon = () => (
    <Icon>
        <path d="M10 3.5v9M6 9l4 4 4-4M4 16.5h12" />
    </Icon>
);

export const Logo = () => (
    <svg class="logo" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" focusable="false">
        <rect width="32" height="32" rx="8" />
        <path d="M6.5 14.5 16 7l9.5 7.5M9.5 14v10.5h13V14M14 24.5v-6h4v6" />
    </svg>
);
