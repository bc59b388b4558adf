import { LogOut, Monitor, Moon, Sun, WifiOff } from 'lucide-react';
import { lazy, type ReactNode, useEffect, useRef } from 'react';
import { Link, Route, Switch, useLocation } from 'wouter';
import { change } from './api.ts';
import { type Connection, useConnection } from './connection.ts';
import icon from './icon.svg';
import { JobPage } from './job/job-page.tsx';
import { JobsPage } from './jobs/jobs-page.tsx';
import { forgetPageKey, pageKey } from './page-key.ts';
import { LazyPart } from './parts/lazy-part.tsx';
import { Notice } from './parts/notice.tsx';
import { useReport } from './parts/toasts.tsx';
import { useApprovals } from './system/use-approvals.ts';
import { setTheme, type Theme, useTheme } from './theme.ts';
import { UnitPage } from './unit/unit-page.tsx';

const ApprovalsPage = lazy(async () => ({ default: (await import('./system/approvals-page.tsx')).ApprovalsPage }));
const DiagnosticsPage = lazy(async () => ({
  default: (await import('./system/diagnostics-page.tsx')).DiagnosticsPage,
}));
const DocsPage = lazy(async () => ({ default: (await import('./system/docs-page.tsx')).DocsPage }));

/** Renders the page: the header, and the view for the address. */
export function App() {
  useTopOfView();
  const [location] = useLocation();
  return (
    <div className="shell">
      <a className="skip" href="#content">
        Skip to content
      </a>
      <Top />
      <main id="content" tabIndex={-1}>
        <ConnectionNotice />
        <LazyPart address={location} waiting={<p className="muted">Loading…</p>}>
          <Switch>
            <Route path="/">
              <JobsPage />
            </Route>
            <Route path="/jobs">
              <JobsPage />
            </Route>
            <Route path="/jobs/:job/units/:unit">
              {({ job, unit }) => <UnitPage key={`${job} ${unit}`} jobId={job} unit={Number(unit)} scope="unit" />}
            </Route>
            <Route path="/jobs/:job/job-steps">
              {({ job }) => <UnitPage key={`${job} job-steps`} jobId={job} unit={0} scope="job" />}
            </Route>
            <Route path="/jobs/:job/:view?">
              {({ job, view }) => <JobPage key={job} jobId={job} view={view ?? 'overview'} />}
            </Route>
            <Route path="/approvals">
              <ApprovalsPage />
            </Route>
            <Route path="/system">
              <DiagnosticsPage />
            </Route>
            <Route path="/api/docs">
              <DocsPage />
            </Route>
            <Route>
              <h1>Page not found</h1>
              <p>
                <Link href="/">All jobs</Link>
              </p>
            </Route>
          </Switch>
        </LazyPart>
      </main>
    </div>
  );
}

/** Notice for a lost connection, a sign-out or a missing page key; stays in sight while scrolling. */
function ConnectionNotice() {
  const connection = useConnection();
  if (connection === 'there' && pageKey() !== '') return null;
  return <div className="stays">{NOTICES[connection]}</div>;
}

/** How to sign in and return to this view. */
function GetLink() {
  const { pathname, search } = window.location;
  return (
    <>
      Run <code>abp serve --link</code> in a terminal and{' '}
      <a href={`/auth?next=${encodeURIComponent(pathname + search)}`}>paste the link that it prints</a>.
    </>
  );
}

const NOTICES: Readonly<Record<Connection, ReactNode>> = {
  lost: (
    <Notice color="red" icon={<WifiOff aria-hidden />} title="The server cannot be reached.">
      The data shown may be out of date. The page reconnects automatically; jobs keep running.
    </Notice>
  ),
  'signed out': (
    <Notice color="red" icon={<WifiOff aria-hidden />} title="You are signed out.">
      <GetLink />
    </Notice>
  ),
  there: (
    <Notice color="amber" icon={<LogOut aria-hidden />} title="This page can only read.">
      You signed in at another address of this server, or this browser lost the page key. <GetLink />
    </Notice>
  ),
};

/** Scrolls a new view to its top; on back, the browser restores the position. */
function useTopOfView(): void {
  const [location] = useLocation();
  const wentBack = useRef(true);
  useEffect(() => {
    const goBack = () => {
      wentBack.current = true;
    };
    // In the capture phase, before the router shows the earlier view.
    window.addEventListener('popstate', goBack, true);
    return () => window.removeEventListener('popstate', goBack, true);
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what counts is that the view has changed
  useEffect(() => {
    if (!wentBack.current) window.scrollTo(0, 0);
    wentBack.current = false;
  }, [location]);
}

function Top() {
  const { data } = useApprovals();
  const waiting = data ? data.sources.length + data.jobs.length + data.tests.length : 0;
  return (
    <header className="top">
      <Link href="/" className="brand" aria-label="Agentic Batch Processor">
        <img src={icon} alt="" />
        <span className="clip">Agentic Batch Processor</span>
      </Link>
      <nav aria-label="Main">
        <NavLink to="/" also="/jobs">
          Jobs
        </NavLink>
        <NavLink to="/approvals">
          Approvals
          {waiting > 0 && <span className="count">{waiting}</span>}
        </NavLink>
        <NavLink to="/system">System</NavLink>
        <NavLink to="/api/docs">API</NavLink>
      </nav>
      <div className="row">
        <ThemeButton />
        <SignOutButton />
      </div>
    </header>
  );
}

function NavLink({
  to,
  also,
  children,
}: {
  readonly to: string;
  readonly also?: string;
  readonly children: ReactNode;
}) {
  const [location] = useLocation();
  const here = location === to || (also !== undefined && location.startsWith(also));
  return (
    <Link href={to} aria-current={here ? 'page' : undefined}>
      {children}
    </Link>
  );
}

function SignOutButton() {
  const report = useReport();
  const signOut = async () => {
    try {
      await change('DELETE', '/auth');
      forgetPageKey();
      window.location.assign('/');
    } catch (error) {
      report.failed(error);
    }
  };
  return (
    <button
      type="button"
      className="button quiet icon"
      aria-label="Sign out"
      title="Sign out"
      onClick={() => void signOut()}
    >
      <LogOut />
    </button>
  );
}

const THEMES: Readonly<Record<Theme, { readonly next: Theme; readonly icon: ReactNode }>> = {
  system: { next: 'light', icon: <Monitor /> },
  light: { next: 'dark', icon: <Sun /> },
  dark: { next: 'system', icon: <Moon /> },
};

function ThemeButton() {
  const { theme } = useTheme();
  const { next, icon: shown } = THEMES[theme];
  const label = `Theme: ${theme}. Change to ${next}`;
  return (
    <button type="button" className="button quiet icon" aria-label={label} title={label} onClick={() => setTheme(next)}>
      {shown}
    </button>
  );
}
