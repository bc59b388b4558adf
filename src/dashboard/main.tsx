import { CSPProvider } from '@base-ui/react/csp-provider';
import { Toast } from '@base-ui/react/toast';
import { Tooltip } from '@base-ui/react/tooltip';
import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { isRefusal } from './api.ts';
import { App } from './app.tsx';
import { recordAnswer, recordFailure } from './connection.ts';
import { Toasts } from './parts/toasts.tsx';
import { applyTheme } from './theme.ts';
import './styles/base.css';
import './styles/controls.css';
import './styles/cards.css';
import './styles/notices.css';
import './styles/text.css';
import './styles/tables.css';
import './styles/shell.css';
import './styles/job.css';
import './styles/unit.css';
import './styles/docs.css';
import './styles/narrow.css';

const queries = new QueryClient({
  queryCache: new QueryCache({ onSuccess: recordAnswer, onError: recordFailure }),
  defaultOptions: {
    queries: {
      // The server is usually on this machine: the browser's offline state does not matter.
      networkMode: 'always',
      staleTime: 1000,
      // A refused request fails again; only an unreachable server is worth retrying.
      retry: (failures, error) => failures < 3 && !isRefusal(error),
    },
  },
});

applyTheme();
const root = document.getElementById('app');
if (!root) throw new Error('The page has no #app.');
createRoot(root).render(
  <StrictMode>
    <CSPProvider disableStyleElements>
      <QueryClientProvider client={queries}>
        <Toast.Provider>
          <Tooltip.Provider delay={400}>
            <App />
          </Tooltip.Provider>
          <Toasts />
        </Toast.Provider>
      </QueryClientProvider>
    </CSPProvider>
  </StrictMode>,
);
