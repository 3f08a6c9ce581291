import { mount } from 'svelte';
import App from './App.svelte';
import { startEngine } from './engine/engine.ts';

const target = document.getElementById('app');
if (target !== null) mount(App, { target, props: { engine: startEngine() } });
