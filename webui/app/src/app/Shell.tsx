/** The frame around every page: bars, navigation, notices, split panel, help. */
import AppLayout, { type AppLayoutProps } from '@cloudscape-design/components/app-layout';
import HelpPanel from '@cloudscape-design/components/help-panel';
import SplitPanel from '@cloudscape-design/components/split-panel';
import Box from '@cloudscape-design/components/box';
import { Outlet, useMatches } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { live } from '@/live/current';
import { Notices } from '@/ui/notices';
import { useStore } from '@/ui/store';
import { panel, panelPlace } from './aside';
import { HaltBar, OfflineBar } from './Bars';
import { Boundary } from './Boundary';
import { Navigation } from './Navigation';
import { Shortcuts } from './Shortcuts';
import { TopBar } from './TopBar';

function useLiveWhileOpen(): void {
  useEffect(() => {
    live.start();
    return () => live.stop();
  }, []);
}

function placePanel(element: HTMLElement | null): void {
  panelPlace.set(element);
}

export function Shell() {
  const { t } = useTranslation();
  const [helps, setHelps] = useState(false);
  const [navigates, setNavigates] = useState(() => innerWidth > 1000);
  const shown = useStore(panel);
  useLiveWhileOpen();
  const matches = useMatches();
  const topic = matches.at(-1)?.staticData.help ?? 'console';
  const here = matches.at(-1)?.pathname ?? '/';
  return (
    <>
      <div id="top">
        <TopBar onHelp={() => setHelps(true)} />
        <HaltBar />
        <OfflineBar />
      </div>
      <AppLayout
        headerSelector="#top"
        navigation={<Navigation />}
        navigationOpen={navigates}
        onNavigationChange={({ detail }) => setNavigates(detail.open)}
        tools={<Help topic={topic} />}
        toolsOpen={helps}
        onToolsChange={({ detail }) => setHelps(detail.open)}
        notifications={<Notices />}
        stickyNotifications
        contentType="table"
        content={
          <Boundary key={here}>
            <Outlet />
          </Boundary>
        }
        splitPanelOpen={shown !== null}
        onSplitPanelToggle={() => shown?.close()}
        splitPanelPreferences={{ position: 'bottom' }}
        splitPanel={
          shown && (
            <SplitPanel header={shown.header} hidePreferencesButton closeBehavior="hide">
              <div ref={placePanel} tabIndex={-1} className="panel-place" />
            </SplitPanel>
          )
        }
        ariaLabels={labels(t)}
      />
      <Shortcuts />
    </>
  );
}

function labels(t: (key: string) => string): AppLayoutProps.Labels {
  return {
    navigation: t('frame.navigation'),
    navigationClose: t('frame.navigation_close'),
    navigationToggle: t('frame.navigation_open'),
    notifications: t('frame.notices'),
    tools: t('frame.help'),
    toolsClose: t('frame.help_close'),
    toolsToggle: t('frame.help_open'),
  };
}

function Help({ topic }: { topic: string }) {
  const { t } = useTranslation();
  return (
    <HelpPanel header={<h2>{t(`help.${topic}.title`)}</h2>}>
      <Box variant="p">{t(`help.${topic}.words`)}</Box>
    </HelpPanel>
  );
}
